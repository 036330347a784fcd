/** All locked packages of the chosen environment, thousands of them: only the rows in sight are drawn. */

import React from 'react';

import { size } from '../model/operation';
import { filtered } from '../model/rows';
import { type LockedPackage, type Problem, problemOf } from '../model/rest';
import { visible } from '../model/window';
import { usePanel } from './context';
import { KindBadge, Message, Section } from './parts';

const HEIGHT = 24; // pixels of a row, as in the style sheet
const ROOM = 360; // pixels of the list at most

export function Packages(): React.JSX.Element | null {
  const { store, state, trans } = usePanel();
  const detail = store.environmentDetail;
  const cell =
    detail?.platforms.find(one => one.name === detail.platform) ??
    detail?.platforms.find(one => one.locked !== null);
  if (!state.detail || !detail || !cell || cell.locked === null) {
    return null;
  }
  return (
    <Section title={trans.__('All locked packages')} count={cell.locked}>
      {() => (
        <All
          key={`${state.manifest ?? ''} ${detail.name} ${cell.name}`}
          environment={detail.name}
          platform={cell.name}
        />
      )}
    </Section>
  );
}

function All(props: { environment: string; platform: string }): React.JSX.Element {
  const { store, state, trans } = usePanel();
  const [all, setAll] = React.useState<LockedPackage[] | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [text, setText] = React.useState('');
  const { environment, platform } = props;
  React.useEffect(() => {
    let wanted = true;
    store.api.packages(state.manifest ?? '', environment, platform).then(
      found => {
        if (wanted) {
          setAll(found);
        }
      },
      (reason: unknown) => {
        setProblem(problemOf(reason));
      }
    );
    return () => {
      wanted = false;
    };
    // The details are another object after every change of the lock.
  }, [store, state.manifest, state.detail, environment, platform]);
  if (problem) {
    return <Message kind="error" problem={problem} />;
  }
  if (!all) {
    return <p className="jp-pixi-Quiet">{trans.__('Reading the lock file …')}</p>;
  }
  const shown = filtered(all, text);
  return (
    <>
      <input
        className="jp-pixi-Input"
        type="search"
        aria-label={trans.__('Filter packages')}
        placeholder={trans.__('Filter')}
        value={text}
        onChange={event => {
          setText(event.target.value);
        }}
      />
      <Rows rows={shown} />
      <div className="jp-pixi-Quiet">{trans.__('Locked for %1.', platform)}</div>
    </>
  );
}

/** A list of which only a window is in the page. */
export function Rows({ rows }: { rows: readonly LockedPackage[] }): React.JSX.Element {
  const { trans } = usePanel();
  const [scrolled, setScrolled] = React.useState(0);
  const part = visible(rows.length, HEIGHT, scrolled, ROOM);
  return (
    <div
      className="jp-pixi-Rows"
      role="list"
      tabIndex={0}
      aria-label={trans.__('Locked packages')}
      style={{ height: Math.min(ROOM, rows.length * HEIGHT) }}
      onScroll={event => {
        setScrolled(event.currentTarget.scrollTop);
      }}
    >
      <div style={{ height: part.above }} />
      {rows.slice(part.first, part.end).map((one, index) => (
        <div
          className="jp-pixi-PackageRow"
          role="listitem"
          aria-setsize={rows.length}
          aria-posinset={part.first + index + 1}
          key={`${one.type} ${one.name}`}
          title={`${one.name} ${one.version ?? ''} ${one.build ?? ''}\n${one.source}`}
          data-asked={one.requested !== null}
        >
          <span className="jp-pixi-PackageRow-name">{one.name}</span>
          <span className="jp-pixi-PackageRow-version">{one.version}</span>
          {one.type === 'pypi' ? (
            <KindBadge type="pypi" />
          ) : (
            <span className="jp-pixi-Quiet">{one.size === null ? '' : size(one.size)}</span>
          )}
        </div>
      ))}
      <div style={{ height: part.below }} />
    </div>
  );
}
