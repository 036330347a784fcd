/** A preview → the table of what would be added, moved and removed, and on which platforms. */

import React from 'react';

import type { PlannedChange } from '../model/fold';
import { kindOfChange } from '../model/operation';
import { usePanel } from './context';

const SHOWN = 100;

export function Plan(props: { changes: PlannedChange[]; written: string[] }): React.JSX.Element {
  const { trans, state } = usePanel();
  const { changes, written } = props;
  const platforms = new Set(changes.flatMap(one => one.platforms));
  const mark = { added: '+', removed: '−', changed: '~' };
  const words = { added: trans('added'), removed: trans('removed'), changed: trans('changed') };
  return (
    <div className="jp-pixi-Plan" role="region" aria-label={trans('Preview')}>
      <div className="jp-pixi-Plan-head" role="status">
        {changes.length
          ? trans('Changes in the lock file: %1', changes.length)
          : trans('Nothing would change in the lock file')}
      </div>
      {written.map(line => (
        <code className="jp-pixi-Plan-line" key={line}>
          {line}
        </code>
      ))}
      <ul className="jp-pixi-Plan-rows">
        {changes.slice(0, SHOWN).map(one => {
          const kind = kindOfChange(one);
          const everywhere = one.platforms.length === platforms.size || platforms.size < 2;
          return (
            <li
              key={`${one.type} ${one.name} ${one.before ?? ''} ${one.after ?? ''}`}
              data-kind={kind}
            >
              <span className="jp-pixi-Plan-mark" aria-hidden="true">
                {mark[kind]}
              </span>
              <span className={one.explicit ? 'jp-pixi-Plan-asked' : ''}>{one.name}</span>{' '}
              <span className="jp-pixi-Quiet">
                <span className="jp-pixi-Hidden">{words[kind]}: </span>
                {[one.before, one.after].filter(part => part).join(' → ')}
                {everywhere ? '' : ` · ${one.platforms.join(', ')}`}
              </span>
            </li>
          );
        })}
      </ul>
      {changes.length > SHOWN ? (
        <div className="jp-pixi-Quiet">{trans('… and %1 more', changes.length - SHOWN)}</div>
      ) : null}
      <div className="jp-pixi-Quiet">
        {trans('Locked for %1 platforms.', state.detail?.platforms.length ?? 0)}
      </div>
    </div>
  );
}
