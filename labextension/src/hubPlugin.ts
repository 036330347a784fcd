/** The server's events → the store that all other plugins share; asked for anew after a lost connection. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from './client';
import { Hub, IHub } from './hub';
import { preferencesOf } from './model/preferences';
import { Store } from './model/store';

/** Provides the hub. */
export const hubPlugin: JupyterFrontEndPlugin<Hub> = {
  id: 'jupyter-pixi:plugin',
  description: 'Knows the Pixi workspaces of this server and the operations on them.',
  autoStart: true,
  provides: IHub,
  optional: [INotebookTracker, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ) => {
    const { serviceManager } = app;
    const store = new Store(new Client(serviceManager.serverSettings));
    const trans = (translator ?? nullTranslator).load('jupyter_pixi');
    const hub = new Hub(app, store, trans, notebooks);
    serviceManager.events.stream.connect((_, event) => {
      void store.hear(event.schema_id, event);
    });
    // Events of a time without connection (a restarted server, a sleeping laptop) are lost: ask again.
    serviceManager.connectionFailure.connect(() => {
      store.catchUp();
    });
    let hidden = 0;
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        hidden = Date.now();
      } else if (Date.now() - hidden > 30_000) {
        store.catchUp();
      }
    });
    if (settings) {
      void settings
        .load(hubPlugin.id)
        .then(loaded => {
          const read = () => {
            hub.prefer(preferencesOf(name => loaded.get(name).composite));
          };
          loaded.changed.connect(read);
          read();
        })
        .catch(() => undefined);
    }
    // After the page is there: the launcher must not wait for it.
    void app.restored.then(() => store.load());
    return hub;
  }
};
