/** A cell that failed to import a module → an offer to add the package that provides it, below the cell's output. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell, CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, type Notebook, NotebookActions } from '@jupyterlab/notebook';

import { Commands, type Front, type Hub, IHub } from './hub';
import { missingIn, type Provided } from './kernels';
import { missingModule, tableFor } from './model/missingImport';
import type { Operation } from './model/operation';
import { problemOf } from './model/rest';
import { OperationView } from './operationView';

const CLASS = 'jp-pixi-Offer';

/** Watches executed cells. */
export const offerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:missing-import',
  description: 'Offers to add the package of a module that a cell failed to import.',
  autoStart: true,
  requires: [IHub, INotebookTracker],
  activate: (app: JupyterFrontEnd, hub: Hub, notebooks: INotebookTracker) => {
    NotebookActions.executionScheduled.connect((_, { cell }) => {
      cell.node.querySelector(`.${CLASS}`)?.remove();
    });
    NotebookActions.executed.connect((_, { notebook, cell, success }) => {
      if (success || cell.model.type !== 'code' || !hub.preferences.offerImports) {
        return;
      }
      const module = missingOf(cell as CodeCell);
      const panel = notebooks.find(one => one.content === notebook);
      const front = panel && hub.environmentOf(panel);
      if (module !== undefined && front) {
        void offer(app, hub, front, notebook, cell, module);
      }
    });
  }
};

function missingOf(cell: CodeCell): string | undefined {
  const { outputs } = cell.model;
  for (let index = 0; index < outputs.length; index += 1) {
    const output = outputs.get(index).toJSON();
    if (output.output_type === 'error') {
      const { ename, evalue } = output as { ename?: unknown; evalue?: unknown };
      return typeof ename === 'string' && typeof evalue === 'string'
        ? missingModule(ename, evalue)
        : undefined;
    }
  }
  return undefined;
}

async function offer(
  app: JupyterFrontEnd,
  hub: Hub,
  front: Front,
  notebook: Notebook,
  cell: Cell,
  module: string
): Promise<void> {
  const { trans, store } = hub;
  const found = await provided(hub, front, module);
  const name = found?.conda ?? found?.pypi ?? null;
  if (found === null || name === null) {
    return; // nothing is known to provide it, and nothing is guessed
  }
  const area = (cell as CodeCell).outputArea.node;
  area.querySelector(`.${CLASS}`)?.remove();
  const node = document.createElement('div');
  node.className = CLASS;
  node.setAttribute('role', 'group');
  node.setAttribute('aria-label', trans.__('Add the missing package'));
  const isPypi = found.conda === null;
  const source = isPypi ? 'PyPI' : 'conda';
  const file = front.manifest.split('/').pop() ?? '';
  const text = document.createElement('span');
  text.textContent = trans.__('%1 is not in the environment %2.', found.module, front.environment);
  const add = button(trans.__('Add %1', name), 'jp-pixi-mod-accept');
  add.title = trans.__('Write %1 (%2) to %3, lock it, install it', name, source, file);
  const detail = store.get().detail;
  const features =
    detail?.manifest === front.manifest
      ? detail.environments.find(one => one.name === front.environment)?.features
      : undefined;
  const table = tableFor(file, features, isPypi);
  const where = document.createElement('span');
  where.className = 'jp-pixi-Quiet';
  where.textContent = table
    ? trans.__('It would be written to %1 in %2 (%3).', table, file, source)
    : trans.__('It would be written to %1 (%2).', file, source);
  const more = button(trans.__('Other packages …'));
  more.addEventListener('click', () => {
    void app.commands.execute(Commands.add);
  });
  node.append(text, add, more, where);
  area.append(node);

  add.addEventListener('click', () => {
    add.disabled = more.disabled = true;
    void carryOut();
  });

  async function carryOut(): Promise<void> {
    const place = document.createElement('div');
    node.append(place);
    const view = new OperationView(place, trans);
    const known = new Set(store.get().operations.keys());
    const mine = () =>
      [...store.get().operations.values()].find(
        one => !known.has(one.id ?? '') && one.manifest === front.manifest
      );
    const stop = store.subscribe(() => {
      const operation = mine();
      if (operation) {
        view.show(operation);
      }
    });
    let ended: Operation | undefined;
    try {
      const pypi = isPypi ? { pypi: true } : {};
      const request = { manifest: front.manifest, command: 'add', packages: [name], ...pypi };
      ended = await hub.run(request, front.environment);
    } catch (reason) {
      place.textContent = problemOf(reason).message;
      add.disabled = more.disabled = false;
    } finally {
      stop();
    }
    if (ended) {
      view.show(ended);
    }
    if (ended?.state === 'done') {
      const again = button(trans.__('Run the cell again'), 'jp-pixi-mod-accept');
      again.addEventListener('click', () => {
        notebook.activeCellIndex = notebook.widgets.indexOf(cell);
        notebook.deselectAll();
        void app.commands.execute('notebook:run-cell');
      });
      add.replaceWith(again);
      again.focus();
    } else if (ended) {
      add.disabled = more.disabled = false;
    }
  }
}

/**
 * What provides the module. The kernel knows it best: the whole dotted name, and whether the package is there and only
 * lacks a part. Where it cannot tell (it is busy, or no bridge is in it), the server is asked for the top-level name.
 */
async function provided(hub: Hub, front: Front, module: string): Promise<Provided | null> {
  try {
    const told = front.kernel ? await missingIn(front.kernel) : undefined;
    if (told !== undefined) {
      return told;
    }
  } catch {
    // busy
  }
  try {
    return { module, ...(await hub.store.api.provider(front.manifest, module)) };
  } catch {
    return null; // the error itself is in the cell; there is nothing to offer
  }
}

function button(label: string, more = ''): HTMLButtonElement {
  const made = document.createElement('button');
  made.className = `jp-pixi-Button ${more}`.trim();
  made.textContent = label;
  return made;
}
