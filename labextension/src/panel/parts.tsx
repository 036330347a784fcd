/** The small parts that several views of the panel share. */

import React from 'react';

import { below } from '../model/fold';
import type { State } from '../model/kernels';
import type { Problem } from '../model/rest';
import { stateWord } from '../model/words';
import { usePanel } from './context';

/** A state as a mark and a word; the word carries the meaning, the colour only helps. */
export function StateBadge({ state }: { state: State }): React.JSX.Element {
  const { trans } = usePanel();
  return (
    <span className="jp-pixi-State" data-state={state}>
      {stateWord(state, trans)}
    </span>
  );
}

/** Why something did not work, with the place and the way out. */
export function Message(props: {
  kind: 'error' | 'warning';
  problem: Problem;
  /** Puts it away; without this it stays as long as the problem does. */
  onClose?: () => void;
}): React.JSX.Element {
  const { state, trans } = usePanel();
  const { kind, problem, onClose } = props;
  const place = problem.file
    ? [below(state.manifest, problem.file), problem.line, problem.column]
        .filter(part => part != null)
        .join(':')
    : null;
  return (
    <div className="jp-pixi-Message" data-kind={kind} role="alert">
      <div className="jp-pixi-Message-text">{problem.message}</div>
      {place ? <div className="jp-pixi-Quiet">{place}</div> : null}
      {problem.help ? <div className="jp-pixi-Message-help">{problem.help}</div> : null}
      {onClose ? (
        <button className="jp-pixi-Link" type="button" onClick={onClose}>
          {trans.__('Close')}
        </button>
      ) : null}
    </div>
  );
}

/** A part of the panel that can be folded. */
export function Section(props: {
  title: string;
  count?: number | undefined;
  open?: boolean;
  children: () => React.ReactNode;
}): React.JSX.Element {
  const [open, setOpen] = React.useState(props.open ?? false);
  return (
    <section className="jp-pixi-Section">
      <h3 className="jp-pixi-Section-title">
        <button
          className="jp-pixi-Fold"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <span className="jp-pixi-Fold-mark" aria-hidden="true">
            {open ? '▾' : '▸'}
          </span>
          {props.title}
          {props.count === undefined ? null : <span className="jp-pixi-Count">{props.count}</span>}
        </button>
      </h3>
      {open ? props.children() : null}
    </section>
  );
}

/** Where a package comes from. */
export function KindBadge({ type }: { type: string }): React.JSX.Element {
  return (
    <span className="jp-pixi-Kind" data-type={type}>
      {type === 'pypi' ? 'PyPI' : 'conda'}
    </span>
  );
}

/** A table of environments × platforms. `cell` draws a place in it, a `td` with a key of its own. */
export function Grid(props: {
  label: string;
  rows: readonly string[];
  columns: readonly string[];
  cell: (row: number, column: number) => React.JSX.Element;
}): React.JSX.Element {
  const { label, rows, columns, cell } = props;
  return (
    <div className="jp-pixi-Scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="jp-pixi-Matrix">
        <thead>
          <tr>
            <td />
            {columns.map(one => (
              <th scope="col" key={one}>
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((one, row) => (
            <tr key={one}>
              <th scope="row">{one}</th>
              {columns.map((_, column) => cell(row, column))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
