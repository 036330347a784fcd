/** The operations on the workspace that is shown: progress with cancel while they run, then their result. */

import React from 'react';

import { type Operation, isWorthTelling } from '../model/operation';
import { OperationView } from '../operationView';
import { type Translate, usePanel } from './context';
import { useWork } from './useWork';

export function Operations(): React.JSX.Element | null {
  const { state, trans } = usePanel();
  const all = [...state.operations.values()].filter(
    one => one.manifest === state.manifest && !state.dismissed.has(one.id ?? '')
  );
  const running = all.filter(one => one.state === 'running');
  const ended = all.filter(one => one.state !== 'running' && isWorthTelling(one)).slice(-1);
  if (state.starting && !running.length) {
    return (
      <section className="jp-pixi-Operations" aria-label={trans.__('Operations')}>
        <div className="jp-pixi-OperationCard" data-state="starting">
          <div className="jp-pixi-Operation" role="status">
            {trans.__('Starting …')}
          </div>
        </div>
      </section>
    );
  }
  if (!running.length && !ended.length) {
    return null;
  }
  return (
    <section className="jp-pixi-Operations" aria-label={trans.__('Operations')}>
      {[...running, ...(running.length ? [] : ended)].map(one => (
        <One key={one.id} operation={one} />
      ))}
    </section>
  );
}

function One({ operation }: { operation: Operation }): React.JSX.Element {
  const { store, actions, trans, state } = usePanel();
  const { start, told } = useWork();
  const node = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<OperationView | null>(null);
  React.useEffect(() => {
    if (node.current) {
      view.current ??= new OperationView(node.current, trans);
      view.current.show(operation);
    }
  }, [operation, trans]);
  const { id, manifest } = operation;
  const undoable =
    operation.state === 'done' && state.detail?.undo && operation.result?.written.length;
  return (
    <div className="jp-pixi-OperationCard" data-state={operation.state}>
      <div className="jp-pixi-OperationCard-command">{titleOf(operation, trans)}</div>
      <div ref={node} />
      {told}
      <div className="jp-pixi-Buttons">
        {operation.state === 'running' ? (
          <button
            className="jp-pixi-Button"
            onClick={() => {
              start(() => store.api.cancel(manifest ?? '', id ?? ''));
            }}
          >
            {trans.__('Cancel')}
          </button>
        ) : (
          <>
            {undoable ? (
              <button
                className="jp-pixi-Button"
                onClick={() => {
                  start(() => actions.run({ manifest: manifest ?? '', command: 'undo' }));
                }}
              >
                {trans.__('Undo')}
              </button>
            ) : null}
            <button
              className="jp-pixi-Button"
              onClick={() => {
                store.dismiss(id ?? '');
              }}
            >
              {trans.__('Close')}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

/** The command as people know it. The start of a kernel is none that anybody types. */
function titleOf({ command, environment }: Operation, trans: Translate): string {
  return command[0] === 'kernels' && command[1] === 'prepare'
    ? trans.__('Start of %1', environment ?? command[command.length - 1] ?? '')
    : command.join(' ');
}
