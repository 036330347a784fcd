/** The environment of the notebook in front, in the status bar and in each notebook's toolbar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { openMenu } from './environmentMenu';
import { type Front, type Hub, IHub } from './hub';
import type { EnvironmentState } from './model/rest';
import { driftKey } from './model/store';
import { stateWord } from './model/words';

const SHOWN = 5; // differences that a title tells

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

/** A button that names an environment and its state; it opens a menu of what can be done with it. */
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
    this._button.setAttribute('aria-haspopup', 'menu');
    this._button.addEventListener('click', () => {
      const shown = this.front();
      if (shown) {
        openMenu(app, hub, shown, this._button);
      }
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
    const drift = environment?.state === 'ready' ? this._drift(front) : [];
    const name = `${workspace?.name ?? ''} · ${front.environment}`;
    const word = running
      ? hub.trans.__('working …')
      : drift.length
        ? hub.trans.__('not as locked')
        : this._word(environment);
    const ready = environment?.state === 'ready' && !running && !drift.length;
    this._button.dataset['state'] = running
      ? 'running'
      : drift.length
        ? 'out-of-date'
        : (environment?.state ?? '');
    this._button.textContent = ready || !word ? name : `${name}: ${word}`;
    this._button.title = [
      `${name}: ${word}`,
      ...drift.slice(0, SHOWN),
      ...(drift.length > SHOWN ? [hub.trans.__('… and %1 more', drift.length - SHOWN)] : []),
      environment?.reason?.text ?? ''
    ]
      .filter(line => line)
      .join('\n');
    this._button.setAttribute('aria-label', hub.trans.__('Environment %1', `${name}: ${word}`));
  }

  private _drift(front: Front): string[] {
    const key = driftKey(front.manifest, front.environment);
    return (this.hub.store.get().drift.get(key) ?? []).map(one => one.text);
  }

  private _word(environment: EnvironmentState | undefined): string {
    const { trans } = this.hub;
    return environment ? stateWord(environment.state, trans) : '';
  }

  private readonly _button: HTMLButtonElement;
}
