/** The environment of the notebook in front, in the status bar and in each notebook's toolbar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { Commands, type Front, type Hub, IHub } from './hub';
import type { EnvironmentState } from './model/rest';
import { stateWord } from './model/words';

/** The status bar's item; Notebook 7 has no status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:status',
  description: 'Shows the environment of the notebook in front in the status bar.',
  autoStart: true,
  requires: [IHub],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, hub: Hub, statusBar: IStatusBar | null) => {
    if (!statusBar) {
      return;
    }
    const item = new Label(app, hub, () => hub.front);
    item.addClass('jp-mod-highlighted');
    statusBar.registerStatusItem('jupyter-pixi:status', {
      item,
      align: 'left',
      rank: 3,
      isActive: () => hub.front !== undefined,
      activeStateChanged: hub.changed as never
    });
  }
};

/** The toolbar's button in each notebook. */
export const toolbarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:toolbar',
  description: "Shows a notebook's environment in its toolbar.",
  autoStart: true,
  requires: [IHub],
  activate: (app: JupyterFrontEnd, hub: Hub) => {
    const extension: DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> = {
      createNew: (panel): IDisposable => {
        const label = new Label(app, hub, () => hub.environmentOf(panel));
        const update = () => {
          label.update();
        };
        panel.sessionContext.kernelChanged.connect(update);
        if (!panel.toolbar.insertBefore('spacer', 'jupyter-pixi', label)) {
          panel.toolbar.addItem('jupyter-pixi', label);
        }
        return new DisposableDelegate(() => {
          panel.sessionContext.kernelChanged.disconnect(update);
          label.dispose();
        });
      }
    };
    app.docRegistry.addWidgetExtension('Notebook', extension);
  }
};

/** A button that names an environment and its state; it opens the panel there. */
class Label extends Widget {
  constructor(
    app: JupyterFrontEnd,
    private readonly hub: Hub,
    private readonly front: () => Front | undefined
  ) {
    super({ node: document.createElement('div') });
    this.addClass('jp-pixi-Label');
    this._button = document.createElement('button');
    this._button.className = 'jp-pixi-Label-button';
    this._button.addEventListener('click', () => {
      void app.commands.execute(Commands.open);
    });
    this.node.append(this._button);
    hub.changed.connect(() => {
      this.update();
    }, this);
    this.update();
  }

  protected override onUpdateRequest(): void {
    this._draw();
  }

  protected override onAfterAttach(): void {
    this._draw();
  }

  private _draw(): void {
    const { hub } = this;
    const front = this.front();
    this.node.hidden = !front;
    if (!front) {
      return;
    }
    const state = hub.store.get();
    const workspace = state.workspaces.find(one => one.manifest === front.manifest);
    const environment = workspace?.environments.find(one => one.name === front.environment);
    const running = [...state.operations.values()].some(
      one => one.state === 'running' && one.manifest === front.manifest
    );
    const name = `${workspace?.name ?? ''} · ${front.environment}`;
    const word = running ? hub.trans.__('working …') : this._word(environment);
    const ready = environment?.state === 'ready' && !running;
    this._button.dataset['state'] = running ? 'running' : (environment?.state ?? '');
    this._button.textContent = ready || !word ? name : `${name}: ${word}`;
    const tip = [`${name}: ${word}`, environment?.reason?.text ?? ''].filter(one => one).join('\n');
    this._button.title = tip;
    this._button.setAttribute('aria-label', hub.trans.__('Environment %1', `${name}: ${word}`));
  }

  private _word(environment: EnvironmentState | undefined): string {
    const { trans } = this.hub;
    return environment ? stateWord(environment.state, (text, ...v) => trans.__(text, ...v)) : '';
  }

  private readonly _button: HTMLButtonElement;
}
