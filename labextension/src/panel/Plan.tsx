/** A plan → what would be added, moved, rebuilt and removed, on which platforms, and how much would be fetched. */

import React from 'react';

import { size } from '../model/operation';
import type { Download, Plan as Planned, PlannedChange } from '../model/plan';
import { KIND_MARKS, type Translate, kindWord } from '../model/words';
import type { Change } from './useChange';
import { usePanel } from './context';
import { KindBadge, Message } from './parts';

const SHOWN = 100;

/** A change that is being prepared: its plan or what is wrong with it, and the buttons that go on or back. */
export function Prepared(props: {
  change: Change;
  /** What the button says that carries it out, plain and with a restart of the kernel. */
  labels: { apply: string; restart: string };
  onApply(): void;
  /** Whether the lines of the manifest are taken away, not written. */
  removes?: boolean;
  children?: React.ReactNode;
}): React.JSX.Element {
  const { trans } = usePanel();
  const { plan, problem, busy, restarts } = props.change;
  return (
    <>
      {problem && restarts ? (
        <Message kind="warning" problem={{ message: problem.message }} />
      ) : problem ? (
        <Message kind="error" problem={problem} />
      ) : null}
      {plan ? <Plan plan={plan} removes={props.removes === true} /> : null}
      <div className="jp-pixi-Buttons">
        {plan ? (
          <button
            className={`jp-pixi-Button ${restarts ? 'jp-pixi-mod-warn' : 'jp-pixi-mod-accept'}`}
            type="button"
            onClick={() => {
              props.onApply();
            }}
          >
            {restarts ? props.labels.restart : props.labels.apply}
          </button>
        ) : (
          props.children
        )}
        {plan || busy || problem ? (
          <button
            className="jp-pixi-Button"
            type="button"
            onClick={() => {
              props.change.reset();
            }}
          >
            {trans.__('Cancel')}
          </button>
        ) : null}
      </div>
    </>
  );
}

function Plan({ plan, removes }: { plan: Planned; removes: boolean }): React.JSX.Element {
  const { trans } = usePanel();
  const region = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    region.current?.scrollIntoView({ block: 'nearest' });
  }, [plan]);
  const { own, others, platforms, written } = plan;
  const nothing = !own.length && !others.length;
  return (
    <div className="jp-pixi-Plan" role="region" aria-label={trans.__('Preview')} ref={region}>
      <div className="jp-pixi-Plan-head" role="status">
        {nothing ? trans.__('Nothing would change in the lock file') : counted(plan, trans)}
      </div>
      {plan.download ? <Fetched download={plan.download} /> : null}
      {written.map(line => (
        <code
          className="jp-pixi-Plan-line"
          key={line}
          title={removes ? trans.__('Taken out of the manifest') : trans.__('In the manifest')}
        >
          {removes ? <del>{line}</del> : line}
        </code>
      ))}
      <Rows rows={own} platforms={platforms} label={trans.__('Changes')} />
      {others.length ? (
        <details>
          <summary>{trans.__('In other environments: %1', others.length)}</summary>
          <Rows rows={others} platforms={[]} label={trans.__('Changes in other environments')} />
        </details>
      ) : null}
      {plan.notes.map(note => (
        <div className="jp-pixi-Quiet" key={note}>
          {note}
        </div>
      ))}
    </div>
  );
}

function Fetched({ download }: { download: Download }): React.JSX.Element {
  const { trans } = usePanel();
  const { packages, bytes, unknown } = download;
  let text = trans.__('Nothing has to be downloaded');
  if (packages > unknown) {
    text = trans.__('To download: %1 (packages: %2)', size(bytes), packages);
    text += unknown ? `, ${trans.__('of which %1 are of unknown size', unknown)}` : '';
  } else if (packages) {
    text = trans.__('To download: packages of unknown size: %1', packages);
  }
  return <div className="jp-pixi-Quiet">{text}</div>;
}

function Rows(props: {
  rows: readonly PlannedChange[];
  platforms: readonly string[];
  label: string;
}): React.JSX.Element | null {
  const { trans } = usePanel();
  const { rows, platforms } = props;
  if (!rows.length) {
    return null;
  }
  return (
    <>
      <ul className="jp-pixi-Plan-rows" aria-label={props.label} tabIndex={0}>
        {rows.slice(0, SHOWN).map(row => (
          <Row
            key={`${row.type} ${row.name} ${row.before ?? ''} ${row.after ?? ''}`}
            row={row}
            platforms={platforms}
          />
        ))}
      </ul>
      {rows.length > SHOWN ? (
        <div className="jp-pixi-Quiet">{trans.__('… and %1 more', rows.length - SHOWN)}</div>
      ) : null}
    </>
  );
}

function Row(props: { row: PlannedChange; platforms: readonly string[] }): React.JSX.Element {
  const { trans } = usePanel();
  const { row, platforms } = props;
  const word = kindWord(row.kind, trans);
  const places = [
    ...(platforms.length ? [] : [row.environments.join(', ')]),
    ...(row.platforms.length < platforms.length ? [row.platforms.join(', ')] : [])
  ];
  return (
    <li className="jp-pixi-Plan-row" data-kind={row.kind} data-loaded={row.loaded} title={word}>
      <span className="jp-pixi-Plan-mark" aria-hidden="true">
        {KIND_MARKS[row.kind]}
      </span>
      <span className={row.explicit ? 'jp-pixi-Plan-asked' : ''}>{row.name}</span>
      <span className="jp-pixi-Hidden">{word}</span>
      <span className="jp-pixi-Plan-versions">
        {[row.before, row.after].filter(part => part).join(' → ')}
      </span>
      {row.type === 'pypi' ? <KindBadge type="pypi" /> : null}
      {row.loaded ? (
        <span
          className="jp-pixi-Badge jp-pixi-mod-loaded"
          title={trans.__('This notebook has imported it')}
        >
          {trans.__('loaded')}
        </span>
      ) : null}
      {places.length ? <span className="jp-pixi-Quiet">{places.join(' · ')}</span> : null}
    </li>
  );
}

/** "2 added, 1 newer": how many of each kind. */
function counted(plan: Planned, trans: Translate): string {
  const counts = new Map<string, number>();
  for (const row of [...plan.own, ...plan.others]) {
    const word = kindWord(row.kind, trans);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return trans.__('In the lock file: %1', parts.join(', '));
}
