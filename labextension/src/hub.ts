/** What all plugins of this extension share: the store, the notebook in front, and how operations are started. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Where, callerOf, kernelOf, refresh, whereOf } from './kernels';
import type { Operation } from './model/operation';
import type { Request } from './model/rest';
import { Store } from './model/store';

/** What the user has chosen in the settings. */
export interface Preferences {
  preview: boolean;
  offerImports: boolean;
}

/** The environment of a notebook, and its kernel if one runs. */
export interface Front extends Where {
  panel: NotebookPanel;
  kernel: Kernel.IKernelConnection | null;
}

/** Shared by the panel, the status bar, the toolbar and the cells. */
export class Hub {
  constructor(
    private readonly app: JupyterFrontEnd,
    readonly store: Store,
    readonly trans: TranslationBundle,
    private readonly notebooks: INotebookTracker | null
  ) {
    notebooks?.currentChanged.connect(() => {
      this._watch();
    });
    store.subscribe(() => {
      this._changed.emit();
    });
    app.serviceManager.kernelspecs.specsChanged.connect(() => {
      this._changed.emit();
    });
    this._watch();
  }

  preferences: Preferences = { preview: true, offerImports: true };

  /** The notebook in front, its kernel or the store changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The environment of the notebook in front. */
  get front(): Front | undefined {
    const panel = this.notebooks?.currentWidget;
    return panel ? this.environmentOf(panel) : undefined;
  }

  /** The notebook in front, whatever it runs on. */
  get notebook(): NotebookPanel | null {
    return this.notebooks?.currentWidget ?? null;
  }

  /** The environment of any notebook. */
  environmentOf(panel: NotebookPanel): Front | undefined {
    const context = panel.sessionContext;
    const kernel = context.session?.kernel ?? null;
    const manifests = this.store.get().workspaces.map(one => one.manifest);
    const name = kernel?.name || context.kernelPreference.name;
    const { specs } = this.app.serviceManager.kernelspecs;
    const where = whereOf(name ?? undefined, specs, manifests);
    return where && { ...where, panel, kernel };
  }

  /** The kernelspec of an environment, if it has a kernel. */
  kernelName(manifest: string, environment: string): string | undefined {
    return kernelOf(this.app.serviceManager.kernelspecs.specs, manifest, environment);
  }

  /** What a request has to say of the kernel that it may concern. Fails if that is busy. */
  async callerFor(manifest: string, environment?: string): Promise<unknown> {
    const front = this.front;
    const concerned =
      front?.kernel &&
      front.manifest === manifest &&
      (environment === undefined || front.environment === environment);
    return concerned && front.kernel ? callerOf(front.kernel) : undefined;
  }

  /** Start an operation on behalf of the notebook in front; its kernel sees the change at the end. */
  async run(request: Request, environment?: string): Promise<Operation | undefined> {
    const front = this.front;
    const caller = await this.callerFor(request.manifest, environment);
    const id = await this.store.start(caller === undefined ? request : { ...request, caller });
    if (id === null) {
      await this.store.refresh();
      return undefined;
    }
    const ended = await this.store.ended(id);
    if (ended.state === 'done' && caller !== undefined && front?.kernel) {
      const recorded = await this.store.api.operation(request.manifest, id);
      const last = recorded.events[recorded.events.length - 1];
      await refresh(front.kernel, last?.['data'], recorded.activation);
    }
    await this.store.refresh();
    return ended;
  }

  private _watch(): void {
    const panel = this.notebooks?.currentWidget;
    if (panel && !this._watched.has(panel)) {
      this._watched.add(panel);
      panel.sessionContext.kernelChanged.connect(() => {
        this._changed.emit();
      });
      panel.sessionContext.statusChanged.connect(() => {
        this._changed.emit();
      });
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _watched = new WeakSet<NotebookPanel>();
}

/** The token under which the hub is found. */
export const IHub = new Token<Hub>('jupyter-pixi:hub', 'Pixi environments and operations on them');
export type IHub = Hub;

/** The commands of this extension. */
export const Commands = {
  open: 'jupyter-pixi:open',
  add: 'jupyter-pixi:add',
  install: 'jupyter-pixi:install',
  lock: 'jupyter-pixi:lock',
  undo: 'jupyter-pixi:undo',
  start: 'jupyter-pixi:start-kernel',
  switch: 'jupyter-pixi:switch',
  trust: 'jupyter-pixi:trust',
  diff: 'jupyter-pixi:lock-diff'
} as const;
