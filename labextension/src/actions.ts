/** The hub and JupyterLab → what the panel, the commands and the menus can do. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { Hub } from './hub';
import { size } from './model/operation';
import type { Actions } from './panel/context';
import { trustDialog } from './trust';

/** What only a part that knows JupyterLab can ask for. */
export interface NotebookActions {
  /** Run a notebook in an environment from now on. */
  useIn(notebook: NotebookPanel, manifest: string, environment: string): Promise<void>;
}

/** The actions. Those that return a promise fail with the server's reason. */
export function actionsOf(app: JupyterFrontEnd, hub: Hub): Actions & NotebookActions {
  const { trans, store } = hub;
  const opened = (path: string, options: object = {}) => {
    void app.commands.execute('docmanager:open', { path, ...options });
  };
  const workspaceOf = (manifest: string) =>
    store.get().workspaces.find(one => one.manifest === manifest);
  const confirm = async (title: string, body: string, action: string, warn = true) => {
    const accept = (warn ? Dialog.warnButton : Dialog.okButton)({ label: action });
    return (await showDialog({ title, body, buttons: [Dialog.cancelButton(), accept] })).button
      .accept;
  };

  /** Whether a workspace may run: one that nobody has agreed to is asked about, with what would run. */
  const mayRun = async (manifest: string) =>
    workspaceOf(manifest)?.trusted !== false || trustDialog(hub, manifest);

  /** Whether an environment may be installed: asked where the settings say so, and where there is something to do. */
  const mayInstall = async (manifest: string, environment: string) => {
    if (!(await mayRun(manifest))) {
      return false;
    }
    const found = workspaceOf(manifest)?.environments.find(one => one.name === environment);
    if (!hub.preferences.askBeforeInstalling || found?.state === 'ready') {
      return true;
    }
    const told = await store.api.trust(manifest);
    const start = told.environments.find(one => one.name === environment);
    const text = start?.packages
      ? trans.__(
          '%1 packages (%2) from: %3',
          start.packages,
          size(start.bytes),
          start.sources.join(', ')
        )
      : trans.__('What the manifest asks for is solved first, and then installed.');
    return confirm(trans.__('Install %1?', environment), text, trans.__('Install'), false);
  };

  const useIn = async (notebook: NotebookPanel, manifest: string, environment: string) => {
    const name = hub.kernelName(manifest, environment);
    if (name !== undefined && (await mayInstall(manifest, environment))) {
      await notebook.sessionContext.changeKernel({ name });
      app.shell.activateById(notebook.id);
    }
  };

  return {
    run: (request, environment) => hub.run(request, environment),
    preview: (request, environment, signal) => hub.preview(request, environment, signal),
    kernelName: (manifest, environment) => hub.kernelName(manifest, environment),
    startKernel: (manifest, environment) => {
      const name = hub.kernelName(manifest, environment);
      const path = workspaceOf(manifest)?.path ?? '';
      void mayInstall(manifest, environment).then(async may => {
        if (may) {
          const made = (await app.commands.execute('docmanager:new-untitled', {
            path,
            type: 'notebook'
          })) as { path: string };
          opened(made.path, { factory: 'Notebook', kernel: { name } });
        }
      });
    },
    switchTo: (manifest, environment) => {
      const name = hub.kernelName(manifest, environment);
      const notebook = hub.notebook;
      if (!notebook || name === undefined) {
        Notification.info(trans.__('Open a notebook first.'), { autoClose: 4000 });
        return;
      }
      void useIn(notebook, manifest, environment);
    },
    useIn,
    install: async (manifest, environment) => {
      if (await mayInstall(manifest, environment)) {
        const fields = { environments: [environment] };
        await hub.run({ manifest, command: 'install', ...fields }, environment);
      }
    },
    reviewTrust: async manifest => {
      await trustDialog(hub, manifest);
    },
    showDiff: manifest => {
      const path = workspaceOf(manifest)?.path;
      if (path !== null && path !== undefined) {
        opened(path ? `${path}/pixi.lock` : 'pixi.lock', { factory: 'Pixi lock diff' });
      } else {
        const text = trans.__('This workspace is not below the folder that JupyterLab shows.');
        Notification.info(text, { autoClose: 6000 });
      }
    },
    openManifest: manifest => {
      const workspace = workspaceOf(manifest);
      if (workspace) {
        const file = manifest.slice(workspace.root.length + 1);
        opened(workspace.path ? `${workspace.path}/${file}` : file);
      }
    },
    confirm
  };
}
