/** A notebook inside a workspace that runs on another kernel → an offer of the workspace's environment above it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';

import { actionsOf } from './actions';
import { type Hub, IHub } from './hub';
import { type EnvironmentOffer, environmentOffer } from './model/environmentOffer';

/** Watches every notebook. Nothing is switched unless the user says so. */
export const newNotebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:new-notebook',
  description: "Offers a notebook inside a workspace the workspace's environment.",
  autoStart: true,
  requires: [IHub, INotebookTracker],
  activate: (app: JupyterFrontEnd, hub: Hub, notebooks: INotebookTracker) => {
    const actions = actionsOf(app, hub);
    const declined = new Set<string>(); // by path, for as long as the page lives
    const watch = (panel: NotebookPanel) => {
      let bar: OfferBar | undefined;
      let shown = '';
      const look = () => {
        const found = panel.isDisposed ? undefined : offerFor(app, hub, panel, declined);
        const now = found ? JSON.stringify([found.workspace.manifest, found.choices]) : '';
        if (now === shown) {
          return;
        }
        shown = now;
        bar?.dispose();
        bar = undefined;
        if (found) {
          bar = new OfferBar(hub, found, environment => {
            if (environment === null) {
              declined.add(panel.context.path);
              look();
            } else {
              void actions.useIn(panel, found.workspace.manifest, environment);
            }
          });
          panel.contentHeader.addWidget(bar);
        }
      };
      hub.changed.connect(look);
      panel.sessionContext.kernelChanged.connect(look);
      panel.context.pathChanged.connect(look);
      panel.disposed.connect(() => {
        hub.changed.disconnect(look);
      });
      void panel.sessionContext.ready.then(look);
    };
    notebooks.forEach(watch);
    notebooks.widgetAdded.connect((_, panel) => {
      watch(panel);
    });
  }
};

function offerFor(
  app: JupyterFrontEnd,
  hub: Hub,
  panel: NotebookPanel,
  declined: ReadonlySet<string>
): EnvironmentOffer | undefined {
  const { sessionContext, context } = panel;
  const { offerEnvironment } = hub.preferences;
  if (!offerEnvironment || !sessionContext.isReady || declined.has(context.path)) {
    return undefined;
  }
  if (hub.environmentOf(panel)) {
    return undefined; // also where its kernel is gone for now: that is JupyterLab's to ask for
  }
  const path = app.serviceManager.contents.localPath(context.path);
  const kernel = sessionContext.session?.kernel?.name ?? '';
  return environmentOffer(
    path,
    kernel,
    hub.store.get().workspaces,
    (manifest, environment) => hub.kernelName(manifest, environment) !== undefined
  );
}

/** One line: where the notebook is, which environment it could have, and to leave it as it is. */
class OfferBar extends Widget {
  constructor(hub: Hub, offer: EnvironmentOffer, answer: (environment: string | null) => void) {
    super({ node: document.createElement('div') });
    const { trans } = hub;
    const { workspace, choices } = offer;
    this.addClass('jp-pixi-OfferBar');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Offer of an environment'));
    const text = document.createElement('span');
    text.textContent = trans.__('This notebook is in the workspace %1.', workspace.name);
    this.node.append(text);
    let chosen = choices[0]?.environment ?? '';
    if (choices.length > 1) {
      const select = document.createElement('select');
      select.className = 'jp-pixi-Select';
      select.setAttribute('aria-label', trans.__('Environment'));
      for (const { environment, first } of choices) {
        const option = document.createElement('option');
        option.value = environment;
        option.textContent = {
          nothing: environment,
          install: trans.__('%1 (installs first)', environment),
          trust: trans.__('%1 (not trusted yet)', environment)
        }[first];
        select.append(option);
      }
      select.addEventListener('change', () => {
        chosen = select.value;
      });
      this.node.append(select);
    }
    const use =
      choices.length > 1
        ? trans.__('Run it in this environment')
        : trans.__('Run it in %1', `${workspace.name} · ${chosen}`);
    this.node.append(
      button(use, 'jp-pixi-mod-accept', () => {
        answer(chosen);
      }),
      button(trans.__('Leave it'), '', () => {
        answer(null);
      })
    );
  }
}

function button(label: string, more: string, click: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.className = `jp-pixi-Button ${more}`.trim();
  made.textContent = label;
  made.addEventListener('click', click);
  return made;
}
