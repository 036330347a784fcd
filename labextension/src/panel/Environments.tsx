/** The environments of a workspace: which state each is in and why, and what can be done with the chosen one. */

import React from 'react';

import { concerns } from '../model/operation';
import type { EnvironmentState, Workspace } from '../model/rest';
import { type StoreState, driftKey } from '../model/store';
import { usePanel } from './context';
import { StateBadge } from './parts';
import { useWork } from './useWork';

const SHOWN = 10; // differences that are listed

export function Environments({ workspace }: { workspace: Workspace }): React.JSX.Element {
  const { state, store, trans } = usePanel();
  const list = React.useRef<HTMLUListElement>(null);
  const move = (event: React.KeyboardEvent, at: number) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step === undefined ? undefined : workspace.environments[at + step];
    if (next) {
      event.preventDefault();
      void store.select(workspace.manifest, next.name);
      list.current?.querySelectorAll<HTMLElement>('[role=option]')[at + (step ?? 0)]?.focus();
    }
  };
  return (
    <section className="jp-pixi-Section" aria-label={trans.__('Environments')}>
      <ul className="jp-pixi-List" role="listbox" aria-label={trans.__('Environments')} ref={list}>
        {workspace.environments.map((one, at) => (
          <li
            key={one.name}
            role="option"
            className="jp-pixi-Environment"
            aria-selected={one.name === state.environment}
            tabIndex={one.name === state.environment ? 0 : -1}
            data-state={one.state}
            onClick={() => void store.select(workspace.manifest, one.name)}
            onKeyDown={event => {
              move(event, at);
            }}
          >
            <span className="jp-pixi-Environment-name">{one.name}</span>
            {isWorkedOn(state, workspace.manifest, one) ? (
              <span className="jp-pixi-State" data-state="running">
                {trans.__('working …')}
              </span>
            ) : (
              <StateBadge state={one.state} />
            )}
          </li>
        ))}
      </ul>
      {store.environment ? (
        <Chosen
          key={`${workspace.manifest} ${store.environment.name}`}
          workspace={workspace}
          environment={store.environment}
        />
      ) : null}
    </section>
  );
}

function Chosen(props: { workspace: Workspace; environment: EnvironmentState }): React.JSX.Element {
  const { workspace, environment } = props;
  const { actions, trans, state } = usePanel();
  const { start, told } = useWork();
  const { manifest } = workspace;
  const kernel = actions.kernelName(manifest, environment.name);
  const runs = environment.state !== 'cannot-run' && environment.state !== 'broken';
  const busy = [...state.operations.values()].some(
    one => one.state === 'running' && one.manifest === manifest
  );
  // What is wrong with the manifest, and that a start is not agreed to, is told of the workspace.
  const known = workspace.error !== null || environment.state === 'untrusted';
  const reason = known ? undefined : environment.reason?.text;
  return (
    <div className="jp-pixi-Chosen">
      {reason && !isWorkedOn(state, manifest, environment) ? (
        <p className="jp-pixi-Reason">{reason}</p>
      ) : null}
      <Differences manifest={manifest} environment={environment} />
      <div className="jp-pixi-Buttons">
        {runs && environment.state !== 'ready' && environment.state !== 'untrusted' ? (
          <button
            className="jp-pixi-Button jp-pixi-mod-accept"
            disabled={busy}
            onClick={() => {
              start(() => actions.install(manifest, environment.name));
            }}
          >
            {trans.__('Install')}
          </button>
        ) : null}
        {kernel && runs ? (
          <>
            <button
              className="jp-pixi-Button"
              onClick={() => {
                actions.startKernel(manifest, environment.name);
              }}
            >
              {trans.__('New notebook')}
            </button>
            <button
              className="jp-pixi-Button"
              title={trans.__('Restart the notebook in front on %1', environment.name)}
              onClick={() => {
                actions.switchTo(manifest, environment.name);
              }}
            >
              {trans.__('Use in notebook')}
            </button>
          </>
        ) : null}
        {environment.state === 'ready' ? (
          <button
            className="jp-pixi-Button"
            disabled={busy}
            title={trans.__('Check every package, and link again what is damaged')}
            onClick={() => {
              const fields = { environments: [environment.name], repair: true };
              start(() =>
                actions.run({ manifest, command: 'install', ...fields }, environment.name)
              );
            }}
          >
            {trans.__('Repair')}
          </button>
        ) : null}
      </div>
      {told}
    </div>
  );
}

/** Whether a running operation is about to change the state of an environment, which is half a state meanwhile. */
function isWorkedOn(state: StoreState, manifest: string, environment: EnvironmentState): boolean {
  const half = environment.state === 'out-of-date' || environment.state === 'not-installed';
  return (
    half &&
    [...state.operations.values()].some(
      one => one.state === 'running' && one.manifest === manifest && concerns(one, environment.name)
    )
  );
}

/** What was changed in an installed environment by another tool than this one. */
function Differences(props: {
  manifest: string;
  environment: EnvironmentState;
}): React.JSX.Element | null {
  const { store, state, trans } = usePanel();
  const { manifest, environment } = props;
  const { name } = environment;
  const ready = environment.state === 'ready';
  React.useEffect(() => {
    if (ready) {
      void store.lookForDrift(manifest, name);
    }
    // The details are another object after every change.
  }, [store, state.detail, manifest, name, ready]);
  const rows = ready ? (state.drift.get(driftKey(manifest, name)) ?? []) : [];
  if (!rows.length) {
    return null;
  }
  return (
    <div className="jp-pixi-Message" data-kind="warning" role="status">
      <div>{trans.__('It is not what the lock file says. Repair brings it back.')}</div>
      <ul className="jp-pixi-Drift">
        {rows.slice(0, SHOWN).map(row => (
          <li key={`${row.kind} ${row.name} ${row.what}`}>{row.text}</li>
        ))}
      </ul>
      {rows.length > SHOWN ? trans.__('… and %1 more', rows.length - SHOWN) : null}
    </div>
  );
}
