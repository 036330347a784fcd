/** Packages that one kernel or a terminal moved → a word to the other notebooks that run on the same environment. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { type Hub, IHub } from './hub';
import { Bystanders } from './model/bystanders';

const SHOWN = 2; // a notification holds 140 characters

export const bystandersPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:bystanders',
  description: 'Tells notebooks that their environment was changed by somebody else.',
  autoStart: true,
  requires: [IHub, INotebookTracker],
  activate: (app: JupyterFrontEnd, hub: Hub, notebooks: INotebookTracker) => {
    const bystanders = new Bystanders();
    app.serviceManager.events.stream.connect((_, event) => {
      const moved = bystanders.hear(event.schema_id, event);
      if (!moved) {
        return;
      }
      const names: string[] = [];
      notebooks.forEach(panel => {
        const front = hub.environmentOf(panel);
        const mine = front?.kernel && `kernel-${front.kernel.id}.json` === moved.kernel;
        const same = front?.manifest === moved.manifest && front.environment === moved.environment;
        if (same && front.kernel && !mine) {
          names.push(panel.title.label);
        }
      });
      if (names.length) {
        const { packages } = moved;
        const more = packages.length > SHOWN ? ', …' : '';
        Notification.warning(
          hub.trans.__(
            'Changed by somebody else in the environment %1: %2. Restart %3 if it had imported that.',
            moved.environment,
            packages.slice(0, SHOWN).join(', ') + more,
            names.join(', ')
          ),
          { autoClose: false }
        );
      }
    });
  }
};
