/** The server's "environments changed" events → kernelspecs asked for again at once. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ENVIRONMENTS_CHANGED } from './model/events';

/** Keeps launcher and kernel picker current. JupyterLab's own poll takes 61 seconds. */
export const refreshPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:refresh',
  description: 'Asks for the kernelspecs again as soon as a Pixi environment changes.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    const { events, kernelspecs } = app.serviceManager;
    events.stream.connect((_, event) => {
      if (event.schema_id === ENVIRONMENTS_CHANGED) {
        kernelspecs.refreshSpecs().catch((reason: unknown) => {
          console.warn('jupyter-pixi: the kernelspecs could not be refreshed', reason);
        });
      }
    });
  }
};
