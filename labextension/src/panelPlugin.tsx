/** The environments panel in the left side bar, and the commands of the palette. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, Notification, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { Commands, type Hub, IHub } from './hub';
import { environmentsIcon } from './icons';
import { problemOf } from './model/rest';
import { Panel } from './panel/Panel';
import { type Actions, Context, type PanelContext } from './panel/context';
import { trustDialog } from './trust';

export const PANEL_ID = 'jupyter-pixi:environments';

/** The side bar's widget: React around the store. */
class EnvironmentsPanel extends ReactWidget {
  constructor(
    private readonly context: PanelContext,
    label: string
  ) {
    super();
    this.id = PANEL_ID;
    this.title.icon = environmentsIcon;
    this.title.caption = label;
    this.addClass('jp-pixi-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', label);
  }

  render(): React.JSX.Element {
    return (
      <Context.Provider value={this.context}>
        <Panel />
      </Context.Provider>
    );
  }
}

/** Adds the panel and the commands. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:panel',
  description: 'Shows the Pixi environments of this server in the side bar.',
  autoStart: true,
  requires: [IHub],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    hub: Hub,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { trans, store } = hub;
    const label = trans.__('Environments');
    const translate = (text: string, ...values: (string | number)[]) => trans.__(text, ...values);
    const context: PanelContext = {
      store,
      trans: translate,
      actions: actions(app, hub),
      preview: () => hub.preferences.preview
    };
    const panel = new EnvironmentsPanel(context, label);
    app.shell.add(panel, 'left', { rank: 250 });
    restorer?.add(panel, PANEL_ID);
    addCommands(app, hub, palette);
  }
};

function actions(app: JupyterFrontEnd, hub: Hub): Actions {
  const { trans, store } = hub;
  const opened = (path: string, options: object = {}) => {
    void app.commands.execute('docmanager:open', { path, ...options });
  };
  return {
    run: (request, environment) => hub.run(request, environment),
    caller: (manifest, environment) => hub.callerFor(manifest, environment),
    kernelName: (manifest, environment) => hub.kernelName(manifest, environment),
    startKernel: (manifest, environment) => {
      const name = hub.kernelName(manifest, environment);
      const folder = store.get().workspaces.find(one => one.manifest === manifest)?.path;
      void app.commands
        .execute('docmanager:new-untitled', { path: folder ?? '', type: 'notebook' })
        .then((model: { path: string }) => {
          opened(model.path, { factory: 'Notebook', kernel: { name } });
        });
    },
    switchTo: (manifest, environment) => {
      const name = hub.kernelName(manifest, environment);
      const notebook = hub.notebook;
      if (!notebook || name === undefined) {
        Notification.info(trans.__('Open a notebook first.'), { autoClose: 4000 });
        return;
      }
      void notebook.sessionContext.changeKernel({ name }).then(() => {
        app.shell.activateById(notebook.id);
      });
    },
    reviewTrust: manifest => void trustDialog(hub, manifest),
    showDiff: manifest => {
      const workspace = store.get().workspaces.find(one => one.manifest === manifest);
      if (workspace?.path !== null && workspace !== undefined) {
        opened(workspace.path ? `${workspace.path}/pixi.lock` : 'pixi.lock', {
          factory: 'Pixi lock diff'
        });
      }
    },
    openManifest: manifest => {
      const workspace = store.get().workspaces.find(one => one.manifest === manifest);
      if (workspace) {
        const file = manifest.slice(workspace.root.length + 1);
        opened(workspace.path ? `${workspace.path}/${file}` : file);
      }
    },
    confirm: async (title, body, action) => {
      const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: action })];
      return (await showDialog({ title, body, buttons })).button.accept;
    }
  };
}

function addCommands(app: JupyterFrontEnd, hub: Hub, palette: ICommandPalette | null): void {
  const { commands } = app;
  const { trans, store } = hub;
  const told = (work: Promise<unknown>) => {
    work.catch((reason: unknown) => {
      Notification.error(problemOf(reason).message, { autoClose: false });
    });
  };
  const open = async () => {
    const front = hub.front;
    if (front) {
      await store.select(front.manifest, front.environment);
    }
    app.shell.activateById(PANEL_ID);
  };
  const field = () =>
    document.querySelector<HTMLInputElement>('.jp-pixi-Panel input[role=combobox]');
  const chosen = () => {
    const { manifest, environment } = hub.front ?? store.get();
    return manifest !== null && environment !== null ? { manifest, environment } : undefined;
  };
  const run = (command: string, fields: (environment: string) => Record<string, unknown>) => {
    const at = chosen();
    if (at) {
      void open();
      const { manifest, environment } = at;
      told(hub.run({ manifest, command, ...fields(environment) }, environment));
    }
  };
  const isEnabled = () => chosen() !== undefined;
  const added: [string, string, () => void, (() => boolean)?][] = [
    [Commands.open, trans.__('Show Environments'), () => void open()],
    [
      Commands.add,
      trans.__('Add a Package …'),
      () => {
        void open().then(() => {
          window.setTimeout(() => field()?.focus(), 100);
        });
      },
      isEnabled
    ],
    [
      Commands.install,
      trans.__('Install this Environment'),
      () => {
        run('install', environment => ({ environments: [environment] }));
      },
      isEnabled
    ],
    [
      Commands.lock,
      trans.__('Lock this Workspace'),
      () => {
        run('lock', () => ({}));
      },
      isEnabled
    ],
    [
      Commands.undo,
      trans.__('Undo the last Change of the Environment'),
      () => {
        run('undo', () => ({}));
      },
      isEnabled
    ],
    [
      Commands.trust,
      trans.__('Review and Trust this Workspace …'),
      () => {
        const at = chosen();
        if (at) {
          void trustDialog(hub, at.manifest);
        }
      },
      isEnabled
    ],
    [
      Commands.diff,
      trans.__('Show what changed in the Lock File'),
      () => {
        const at = chosen();
        if (at) {
          actions(app, hub).showDiff(at.manifest);
        }
      },
      isEnabled
    ]
  ];
  for (const [id, label, execute, enabled] of added) {
    commands.addCommand(id, {
      label,
      execute,
      ...(enabled ? { isEnabled: enabled } : {}),
      ...(id === Commands.open ? { icon: environmentsIcon } : {})
    });
    palette?.addItem({ command: id, category: trans.__('Pixi Environments') });
  }
  store.subscribe(() => {
    commands.notifyCommandChanged();
  });
}
