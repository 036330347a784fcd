/** A cell that asked for another environment (`%pixi switch`) → its notebook on that environment's kernel. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';

import { MIME_TYPE } from './model/operation';
import { switchedTo } from './model/switched';

/**
 * Changes the kernel from the page in which the cell was run, so that the notebook's metadata follows. The server
 * restarts the kernel in place if no page does this.
 */
export const switchPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:follow-switch',
  description: 'Lets a notebook follow when its cell switches to another environment.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (app, notebooks: INotebookTracker) => {
    const { kernelspecs } = app.serviceManager;
    const follow = async (notebook: unknown, name: string): Promise<void> => {
      if (!(name in (kernelspecs.specs?.kernelspecs ?? {}))) {
        await kernelspecs.refreshSpecs();
      }
      const panel = notebooks.find(one => one.content === notebook);
      if (panel && name in (kernelspecs.specs?.kernelspecs ?? {})) {
        await panel.sessionContext.changeKernel({ name });
      }
    };
    NotebookActions.executed.connect((_, { notebook, cell, success }) => {
      const name = success || cell.model.type !== 'code' ? undefined : kernelOf(cell as CodeCell);
      if (name !== undefined) {
        void follow(notebook, name);
      }
    });
  }
};

function kernelOf(cell: CodeCell): string | undefined {
  const { outputs } = cell.model;
  for (let index = outputs.length - 1; index >= 0; index -= 1) {
    const name = switchedTo(outputs.get(index).data[MIME_TYPE]);
    if (name !== undefined) {
      return name;
    }
  }
  return undefined;
}
