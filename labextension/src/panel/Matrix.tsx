/** The platforms × environments of a workspace: what is locked where, what runs here, why not; and disk use. */

import React from 'react';

import { size } from '../model/operation';
import type { Cell } from '../model/rest';
import { type Translate, usePanel } from './context';
import { Grid, Section } from './parts';
import { useWork } from './useWork';

export function Matrix(): React.JSX.Element {
  const { trans } = usePanel();
  return (
    <>
      <Section title={trans.__('Platforms')}>{() => <Table />}</Section>
      <Section title={trans.__('Disk use')}>{() => <Disk />}</Section>
    </>
  );
}

function Table(): React.JSX.Element | null {
  const { state, trans } = usePanel();
  const { detail } = state;
  if (!detail) {
    return null;
  }
  const { environments } = detail;
  const platforms = detail.platforms.map(one => one.name);
  const cell = (row: number, column: number) => {
    const environment = environments[row];
    const found = environment?.platforms.find(one => one.name === platforms[column]);
    const runs = found !== undefined && found.name === environment?.platform;
    const [mark, text] = judged(found, runs, trans);
    return (
      <td key={column} title={text} data-runs={runs}>
        <span aria-hidden="true">{mark}</span>
        <span className="jp-pixi-Hidden">{text}</span>
      </td>
    );
  };
  return (
    <>
      <Grid
        label={trans.__('Platforms')}
        rows={environments.map(one => one.name)}
        columns={platforms}
        cell={cell}
      />
      <p className="jp-pixi-Quiet">
        {trans.__('● runs here · ✓ locked · ! out of date · ○ not locked')}
        <br />
        {trans.__('This machine: %1', detail.machine.subdir)}
      </p>
    </>
  );
}

function judged(cell: Cell | undefined, runs: boolean, trans: Translate): [string, string] {
  if (!cell) {
    return ['', trans.__('not for this platform')];
  }
  const why = runs ? trans.__('It runs here.') : (cell.why_not_here ?? '');
  if (cell.locked === null) {
    return ['○', `${trans.__('not locked')}. ${why}`];
  }
  if (!cell.up_to_date) {
    return ['!', `${trans.__('out of date')}: ${cell.reason ?? ''} ${why}`];
  }
  return [runs ? '●' : '✓', `${trans.__('%1 packages locked', cell.locked)}. ${why}`];
}

function Disk(): React.JSX.Element {
  const { store, state, actions, trans } = usePanel();
  const [sizes, setSizes] = React.useState<Record<string, number | null> | null>(null);
  const manifest = state.manifest ?? '';
  const { start, told } = useWork();
  React.useEffect(() => {
    let wanted = true;
    store.api.disk(manifest).then(
      found => {
        if (wanted) {
          setSizes(found);
        }
      },
      () => undefined
    );
    return () => {
      wanted = false;
    };
  }, [store, manifest, state.detail]);
  if (!sizes) {
    return <p className="jp-pixi-Quiet">{trans.__('Measuring …')}</p>;
  }
  const clean = async (name: string) => {
    const sure = await actions.confirm(
      trans.__('Remove the installed environment %1?', name),
      trans.__('Its manifest and lock stay: it can be installed again from them.'),
      trans.__('Remove')
    );
    if (sure) {
      await actions.run({ manifest, command: 'clean', environment: name });
    }
  };
  return (
    <>
      {told}
      <ul className="jp-pixi-List">
        {Object.entries(sizes).map(([name, bytes]) => (
          <li className="jp-pixi-Row" key={name}>
            <span className="jp-pixi-Grow">{name}</span>
            <span className="jp-pixi-Quiet">
              {bytes === null ? trans.__('not installed') : size(bytes)}
            </span>
            {bytes === null ? null : (
              <button
                className="jp-pixi-Link"
                aria-label={trans.__('Remove the installed environment %1', name)}
                onClick={() => {
                  start(() => clean(name));
                }}
              >
                {trans.__('Clean')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
