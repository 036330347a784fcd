/** The environments panel: workspaces, their environments, dependencies and operations, drawn from the store. */

import React from 'react';

import type { Workspace } from '../model/rest';
import { AddForm } from './AddForm';
import { Dependencies } from './Dependencies';
import { Environments } from './Environments';
import { Matrix } from './Matrix';
import { Operations } from './Operations';
import { Packages } from './Packages';
import { Message } from './parts';
import { usePanel } from './context';
import { useWork } from './useWork';

export function Panel(): React.JSX.Element {
  const { state, store, trans } = usePanel();
  if (state.problem) {
    return (
      <div className="jp-pixi-Panel-body">
        <Message kind="error" problem={state.problem} />
        <button className="jp-pixi-Button" onClick={() => void store.load()}>
          {trans.__('Try again')}
        </button>
      </div>
    );
  }
  const workspace = store.workspace;
  if (!workspace) {
    return <Nothing />;
  }
  return (
    <div className="jp-pixi-Panel-body">
      <Chooser key={workspace.manifest} workspace={workspace} />
      {workspace.error ? <Message kind="error" problem={workspace.error} /> : null}
      <Operations />
      <Environments workspace={workspace} />
      {state.detail ? (
        <>
          {workspace.error ? null : <AddForm />}
          <Dependencies />
          <Packages />
          <Matrix />
        </>
      ) : state.detailProblem && !workspace.error ? (
        <Message kind="error" problem={state.detailProblem} />
      ) : null}
    </div>
  );
}

function Nothing(): React.JSX.Element {
  const { state, trans } = usePanel();
  if (!state.complete) {
    return (
      <p className="jp-pixi-Quiet jp-pixi-Panel-body">{trans.__('Looking for workspaces …')}</p>
    );
  }
  return (
    <div className="jp-pixi-Panel-body">
      <p>{trans.__('There is no Pixi workspace here.')}</p>
      <p className="jp-pixi-Quiet">
        {trans.__('Make one in a folder with %1, in a terminal or in a notebook:', 'init')}
      </p>
      <pre className="jp-pixi-Code">%pixi init</pre>
    </div>
  );
}

function Chooser({ workspace }: { workspace: Workspace }): React.JSX.Element {
  const { state, store, actions, trans } = usePanel();
  const { detail } = state;
  const several = state.workspaces.length > 1;
  const lock = detail?.lock;
  const { start, told } = useWork();
  const { manifest } = workspace;
  return (
    <section className="jp-pixi-Chooser">
      {several ? (
        <select
          className="jp-pixi-Select"
          aria-label={trans.__('Workspace')}
          value={workspace.manifest}
          onChange={event => void store.select(event.target.value)}
        >
          {state.workspaces.map(one => (
            <option key={one.manifest} value={one.manifest}>
              {labelOf(one, state.workspaces)}
            </option>
          ))}
        </select>
      ) : (
        <h2 className="jp-pixi-Title">{workspace.name}</h2>
      )}
      <div className="jp-pixi-Quiet jp-pixi-Place" title={workspace.manifest}>
        <button
          className="jp-pixi-Link"
          disabled={workspace.path === null}
          onClick={() => {
            actions.openManifest(workspace.manifest);
          }}
        >
          {placeOf(workspace)}
        </button>
      </div>
      {workspace.trusted || workspace.error ? null : (
        <div className="jp-pixi-Notice" role="status">
          <span>
            {trans.__('You have not agreed to what this workspace installs and runs as it is now.')}
          </span>
          <button
            className="jp-pixi-Button jp-pixi-mod-accept"
            onClick={() => {
              start(() => actions.reviewTrust(manifest));
            }}
          >
            {trans.__('Review and trust …')}
          </button>
        </div>
      )}
      {lock && !lock.up_to_date ? (
        <div className="jp-pixi-Notice" role="status">
          <span>
            {lock.exists
              ? trans.__('The lock file is out of date: %1', lock.reason ?? '')
              : trans.__('There is no lock file yet.')}
          </span>
          <button
            className="jp-pixi-Button"
            onClick={() => {
              start(() => actions.run({ manifest, command: 'lock' }));
            }}
          >
            {trans.__('Lock')}
          </button>
        </div>
      ) : null}
      {detail && lock?.exists ? (
        <div className="jp-pixi-Row">
          <button
            className="jp-pixi-Link"
            onClick={() => {
              actions.showDiff(workspace.manifest);
            }}
          >
            {trans.__('What changed in the lock file')}
          </button>
          {detail.undo !== null ? (
            <button
              className="jp-pixi-Link"
              title={trans.__('Take back: %1', detail.undo)}
              onClick={() => {
                start(() => actions.run({ manifest, command: 'undo' }));
              }}
            >
              {trans.__('Undo %1', detail.undo)}
            </button>
          ) : null}
        </div>
      ) : null}
      {told}
      {detail?.frozen ? (
        <div className="jp-pixi-Notice">
          {trans.__('This workspace is frozen: it cannot be changed.')}
        </div>
      ) : null}
    </section>
  );
}

function placeOf(workspace: Workspace): string {
  const file = workspace.manifest.slice(workspace.root.length + 1);
  if (workspace.path === null) {
    return workspace.manifest;
  }
  return workspace.path ? `${workspace.path}/${file}` : file;
}

function labelOf(workspace: Workspace, all: readonly Workspace[]): string {
  const same = all.filter(one => one.name === workspace.name).length > 1;
  return same ? `${workspace.name} (${workspace.path ?? workspace.root})` : workspace.name;
}
