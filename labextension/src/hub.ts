/** What all plugins of this extension share: the store, the notebook in front, and how operations are started. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { type INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { KernelBusy, type Where, callerOf, kernelOf, refresh, whereOf } from './kernels';
import { workspaceOf } from './model/environmentOffer';
import type { Operation } from './model/operation';
import { DEFAULTS, type Preferences } from './model/preferences';
import { Failure, type Request, problemOf } from './model/rest';
import { Store } from './model/store';
import { record } from './model/untrusted';

/** Words in a cell after which its environment may not be what the lock file says. */
const INSTALLERS = /\b(pip|conda|mamba|uv)\b/;

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
      this._lookForDrift();
      this._follow();
      this._changed.emit();
    });
    app.serviceManager.kernelspecs.specsChanged.connect(() => {
      store.touch(); // the panel asks which environments have a kernel
    });
    NotebookActions.executed.connect((_, { cell }) => {
      if (INSTALLERS.test(cell.model.sharedModel.getSource())) {
        this._lookForDrift(true);
      }
    });
    this._watch();
  }

  /** What the user has chosen in the settings. */
  get preferences(): Preferences {
    return this._preferences;
  }

  /** Take over the settings' values. Where to search is the server's matter: it is told what differs. */
  prefer(preferences: Preferences): void {
    const before = this._preferences;
    this._preferences = preferences;
    const { roots, depth } = preferences;
    if (JSON.stringify([before.roots, before.depth]) !== JSON.stringify([roots, depth])) {
      this.store.api.discover(roots, depth).then(
        ({ missing }) => {
          if (missing.length) {
            Notification.warning(
              this.trans.__('These folders to search are not there: %1', missing.join(', '))
            );
          }
        },
        (reason: unknown) => {
          Notification.error(problemOf(reason).message);
        }
      );
    }
    this.store.touch();
  }

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

  /** What a request would change, while nothing is changed. Fails with the server's reason. */
  async preview(
    request: Request,
    environment: string,
    signal: AbortSignal
  ): Promise<Record<string, unknown>> {
    return this.store.api.preview(await this._complete(request, environment), signal);
  }

  /**
   * Start an operation, on behalf of the notebook in front if it runs in the environment; its kernel sees the change
   * at the end. Resolves to the operation when that has ended.
   */
  async run(request: Request, environment?: string): Promise<Operation | undefined> {
    const kernel = this._kernelOf(request.manifest, environment);
    const id = await this.store.start(this._complete(request, environment));
    if (id === null) {
      await this.store.refresh();
      return undefined;
    }
    const ended = await this.store.ended(id);
    if (ended.state === 'done' && kernel) {
      const recorded = await this.store.api.operation(request.manifest, id);
      const last = recorded.events[recorded.events.length - 1];
      const data = record(last?.['data']);
      if (data?.['restart_requested'] !== true) {
        await this._refresh(kernel, data, recorded.activation); // one that restarts sees the change anyway
      }
    }
    await this.store.refresh();
    return ended;
  }

  /** The request with what the settings ask for, and with the kernel or the environment that it concerns. */
  private async _complete(request: Request, environment?: string): Promise<Request> {
    const { offline, loadedPackages } = this.preferences;
    const kernel = this._kernelOf(request.manifest, environment);
    const caller = kernel ? await this._callerOf(kernel) : this._bystander(request, environment);
    return {
      ...(offline ? { offline: true } : {}),
      ...(loadedPackages === 'restart' && kernel ? { restart: true } : {}),
      ...request,
      ...(caller === undefined ? {} : { caller })
    };
  }

  private async _callerOf(kernel: Kernel.IKernelConnection, again = true): Promise<unknown> {
    try {
      return await callerOf(kernel);
    } catch (reason) {
      if (!(reason instanceof KernelBusy) && again) {
        return this._callerOf(kernel, false); // it was restarted meanwhile
      }
      const message =
        kernel.connectionStatus === 'connected'
          ? this.trans.__('The kernel is busy. Wait until its cell has ended, or interrupt it.')
          : this.trans.__('There is no connection to the kernel. Restart it, or try again later.');
      throw new Failure({ message }, 0);
    }
  }

  /** A kernel that is restarted or shut down meanwhile sees the change anyway. */
  private async _refresh(kernel: Kernel.IKernelConnection, ...change: [unknown, unknown]) {
    try {
      await refresh(kernel, ...change);
    } catch (reason) {
      console.warn('jupyter-pixi: the kernel was not told of the change', reason);
    }
  }

  /** The kernel of the notebook in front, if it runs in the environment that an operation concerns. */
  private _kernelOf(manifest: string, environment?: string): Kernel.IKernelConnection | undefined {
    const front = this.front;
    const concerned =
      front?.kernel &&
      front.kernel.status !== 'dead' &&
      front.manifest === manifest &&
      (environment === undefined || front.environment === environment);
    return concerned ? (front.kernel ?? undefined) : undefined;
  }

  /** Without a kernel: the environment that the user looks at, which is then the one that is installed. */
  private _bystander(request: Request, environment?: string): unknown {
    const workspace = this.store.get().workspaces.find(one => one.manifest === request.manifest);
    const found = workspace?.environments.find(one => one.name === environment);
    return found && found.state !== 'cannot-run'
      ? { environment: found.name, manifest: request.manifest, prefix: found.prefix }
      : undefined;
  }

  /** Whether the environment of the notebook in front is what its lock says: asked when another one comes to front,
   * when its state changed, and when told that something may have been done to it. */
  private _lookForDrift(again = false): void {
    const front = this.front;
    const workspace = this.store.get().workspaces.find(one => one.manifest === front?.manifest);
    const state = workspace?.environments.find(one => one.name === front?.environment)?.state;
    const now = front ? [front.manifest, front.environment, state].join('\n') : '';
    if (front && state === 'ready' && (again || now !== this._looked)) {
      void this.store.lookForDrift(front.manifest, front.environment);
    }
    this._looked = now;
  }

  /** Let the panel show where the notebook in front is, whenever that is elsewhere than before. */
  private _follow(): void {
    const front = this.front;
    const path = this.notebook?.context.path;
    const { workspaces } = this.store.get();
    const manifest =
      front?.manifest ??
      (path === undefined
        ? undefined
        : workspaceOf(this.app.serviceManager.contents.localPath(path), workspaces)?.manifest);
    const now = [manifest ?? '', front?.environment ?? ''].join('\n');
    if (manifest !== undefined && now !== this._followed) {
      this._followed = now;
      void this.store.select(manifest, front?.environment ?? null);
    }
  }

  private _watch(): void {
    const panel = this.notebooks?.currentWidget;
    if (panel && !this._watched.has(panel)) {
      this._watched.add(panel);
      panel.sessionContext.kernelChanged.connect(() => {
        this._follow();
        this._changed.emit();
      });
      panel.sessionContext.statusChanged.connect(() => {
        this._changed.emit();
      });
    }
    this._follow();
    this._changed.emit();
  }

  private _followed = '';
  private _looked = '';
  private _preferences = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _watched = new WeakSet<NotebookPanel>();
}

/** The token under which the hub is found. */
export const IHub = new Token<Hub>('jupyter-pixi:hub', 'Pixi environments and operations on them');
export type IHub = Hub;

/** The id of the panel in the side bar. */
export const PANEL_ID = 'jupyter-pixi:environments';

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
  diff: 'jupyter-pixi:lock-diff',
  redo: 'jupyter-pixi:redo',
  menu: 'jupyter-pixi:environment-menu'
} as const;
