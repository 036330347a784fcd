/** Two generations of a lock file → a table of packages per environment and platform. */

import React from 'react';

import { groups } from '../model/lockDiff';
import {
  type DiffRow,
  type Generations,
  type LockDiff,
  type Problem,
  problemOf
} from '../model/rest';
import type { Store } from '../model/store';
import { type Translate, kindWord } from '../model/words';

const SHOWN = 500;

export function LockView(props: {
  store: Store;
  trans: Translate;
  folder: string;
}): React.JSX.Element {
  const { store, trans, folder } = props;
  const state = React.useSyncExternalStore(store.subscribe, store.get);
  const manifest = state.workspaces.find(one => one.path === folder)?.manifest;
  const [generations, setGenerations] = React.useState<Generations | null>(null);
  const [against, setAgainst] = React.useState<string | null>(null);
  const [diff, setDiff] = React.useState<LockDiff | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const stamp = [...state.operations.values()].filter(one => one.state !== 'running').length;
  const chosen = against ?? (generations?.head ? 'head' : (generations?.history[0]?.id ?? 'head'));

  React.useEffect(() => {
    if (manifest !== undefined) {
      store.api.generations(manifest).then(setGenerations, (reason: unknown) => {
        setProblem(problemOf(reason));
      });
    }
  }, [store, manifest, stamp, state.workspaces]);
  React.useEffect(() => {
    if (manifest === undefined || !generations) {
      return;
    }
    let wanted = true;
    setProblem(null);
    store.api.diff(manifest, chosen).then(
      found => {
        if (wanted) {
          setDiff(found);
        }
      },
      (reason: unknown) => {
        setProblem(problemOf(reason));
      }
    );
    return () => {
      wanted = false;
    };
  }, [store, manifest, chosen, generations]);

  if (manifest === undefined) {
    return (
      <p className="jp-pixi-Quiet">
        {state.complete
          ? trans.__('No workspace of this server has this lock file.')
          : trans.__('Looking for workspaces …')}
      </p>
    );
  }
  return (
    <div className="jp-pixi-LockView-body" role="region" aria-label={trans.__('Lock difference')}>
      <div className="jp-pixi-Row jp-pixi-LockView-head">
        <label className="jp-pixi-Row">
          {trans.__('Compared with')}
          <select
            className="jp-pixi-Select"
            value={chosen}
            onChange={event => {
              setAgainst(event.target.value);
            }}
          >
            <option value="head">{trans.__('the last commit')}</option>
            {(generations?.history ?? []).map(one => (
              <option key={one.id} value={one.id}>
                {trans.__('before %1', `${one.command} (${timeOf(one.time)})`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem ? (
        <div className="jp-pixi-Message" data-kind="error" role="alert">
          {problem.message}
        </div>
      ) : null}
      {diff ? <Difference diff={diff} trans={trans} /> : null}
    </div>
  );
}

function Difference({ diff, trans }: { diff: LockDiff; trans: Translate }): React.JSX.Element {
  if (!diff.present) {
    const text = trans.__(
      'There is no earlier lock file to compare with: all %1 packages are new.',
      diff.total
    );
    return (
      <>
        <p>{text}</p>
        <Groups rows={diff.rows} trans={trans} />
      </>
    );
  }
  if (!diff.rows.length) {
    return <p role="status">{trans.__('No package differs.')}</p>;
  }
  return (
    <>
      <p role="status">{trans.__('%1 differences', diff.total)}</p>
      <Groups rows={diff.rows} trans={trans} />
    </>
  );
}

function Groups({ rows, trans }: { rows: DiffRow[]; trans: Translate }): React.JSX.Element {
  return (
    <>
      {groups(rows).map(group => (
        <section key={group.places.join()}>
          <h3 className="jp-pixi-LockView-place">{group.places.join(' · ')}</h3>
          <table className="jp-pixi-Diff">
            <thead>
              <tr>
                <th scope="col">{trans.__('Package')}</th>
                <th scope="col">{trans.__('Change')}</th>
                <th scope="col">{trans.__('Before')}</th>
                <th scope="col">{trans.__('After')}</th>
              </tr>
            </thead>
            <tbody>
              {group.rows.slice(0, SHOWN).map(row => (
                <tr key={`${row.type} ${row.name}`} data-kind={row.kind}>
                  <th scope="row" className={row.explicit ? 'jp-pixi-Plan-asked' : ''}>
                    {row.name}
                    {row.type === 'pypi' ? ' (PyPI)' : ''}
                  </th>
                  <td className="jp-pixi-Diff-kind">{kindWord(row.kind, trans)}</td>
                  <td>{row.before ?? '–'}</td>
                  <td>{row.after ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {group.rows.length > SHOWN ? (
            <p className="jp-pixi-Quiet">{trans.__('… and %1 more', group.rows.length - SHOWN)}</p>
          ) : null}
        </section>
      ))}
    </>
  );
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString();
}
