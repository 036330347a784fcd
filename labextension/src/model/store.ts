/** The server's answers and events → what the panel, the status bar and the notebooks show. No JupyterLab in here. */

import { ENVIRONMENTS_CHANGED, OPERATION } from './events';
import { type Event, begin, fold, foldAll } from './fold';
import type { Operation } from './operation';
import {
  type Api,
  type Detail,
  type Drift,
  type EnvironmentDetail,
  type EnvironmentState,
  type Problem,
  type Request,
  type Workspace,
  problemOf
} from './rest';

/** All that the views draw: what the server has told, and what is chosen. */
export interface StoreState {
  workspaces: readonly Workspace[];
  complete: boolean;
  truncated: string | null;
  problem: Problem | null;
  manifest: string | null;
  environment: string | null;
  detail: Detail | null;
  detailProblem: Problem | null;
  /** How many operations were asked for that have not begun. */
  starting: number;
  /** Operations by id, in the order in which they were heard of. */
  operations: ReadonlyMap<string, Operation>;
  /** What was changed behind the lock's back, by `driftKey`; absent where nobody has looked. */
  drift: ReadonlyMap<string, readonly Drift[]>;
  /** Those that the user has read and put away. */
  dismissed: ReadonlySet<string>;
}

const EMPTY: StoreState = {
  workspaces: [],
  complete: false,
  truncated: null,
  problem: null,
  manifest: null,
  environment: null,
  detail: null,
  detailProblem: null,
  starting: 0,
  operations: new Map(),
  drift: new Map(),
  dismissed: new Set()
};

const KEPT = 30;
const AGAIN = 2000; // milliseconds until a server that has not looked yet is asked again
const RECENT = 60; // seconds for which an operation's end is told to a page that was not there

/** The key of an environment in `drift`. */
export function driftKey(manifest: string, environment: string): string {
  return `${manifest}\n${environment}`;
}

/** Holds the state; every change makes a new one and tells the listeners. */
export class Store {
  constructor(
    readonly api: Api,
    private readonly now: () => number = () => Date.now() / 1000,
    private readonly later: (work: () => void) => void = work => setTimeout(work, AGAIN)
  ) {}

  /** The present state. Bound, as React wants it. */
  readonly get = (): StoreState => this._state;

  /** Be told of changes; returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  /** Something beside the state has changed that is shown with it. */
  touch(): void {
    this._set({});
  }

  /** Ask the server for everything: at the start, and when events may have been missed. */
  async load(): Promise<void> {
    await Promise.all([this.refresh(), this._loadOperations()]);
  }

  /** The connection was lost, and with it events: ask until the server answers, and then for everything. */
  catchUp(): void {
    if (!this._catchingUp) {
      this._catchingUp = true;
      this.later(() => {
        this._catchingUp = false;
        this.api.workspaces().then(
          () => this.load(),
          () => {
            this.catchUp();
          }
        );
      });
    }
  }

  /** Ask for the workspaces, and for the details of the chosen one. */
  async refresh(): Promise<void> {
    try {
      const { workspaces, complete, truncated } = await this.api.workspaces();
      this._set({ workspaces, complete, truncated, problem: null });
      if (!complete) {
        this.later(() => void this.refresh()); // the event of the first look may have been before this page
      }
    } catch (reason) {
      this._set({ problem: problemOf(reason) });
      return;
    }
    const { manifest, workspaces } = this._state;
    if (manifest === null || !workspaces.some(one => one.manifest === manifest)) {
      const first = workspaces.find(one => one.error === null) ?? workspaces[0];
      this._choose(first?.manifest ?? null, null);
    }
    await this._loadDetail();
  }

  /** Show a workspace, and one of its environments (or the one that runs here). */
  async select(manifest: string, environment: string | null = null): Promise<void> {
    if (this._choose(manifest, environment)) {
      await this._loadDetail();
    }
  }

  /** Take an event of the server's bus. */
  async hear(schema: string, data: Event): Promise<void> {
    if (schema === ENVIRONMENTS_CHANGED) {
      await this.refresh();
    } else if (schema === OPERATION) {
      const id = data['operation'];
      const event = data['event'];
      if (typeof id === 'string' && typeof event === 'object' && event !== null) {
        await this._heard(id, String(data['manifest']), event as Event);
      }
    }
  }

  /** Start the operation of a request, which may take its time to be known. Fails with the server's reason. */
  async start(asked: Promise<Request>): Promise<string | null> {
    this._set({ starting: this._state.starting + 1 });
    try {
      const request = await asked;
      const { id } = await this.api.start(request);
      if (id !== null && !this._state.operations.has(id)) {
        this._put(begin(id, request.manifest, [request.command]));
      }
      if (id !== null) {
        await this._recall(request.manifest, id);
      }
      return id;
    } finally {
      this._set({ starting: this._state.starting - 1 });
    }
  }

  /** The operation's end, whenever it comes. */
  ended(id: string): Promise<Operation> {
    return new Promise(resolve => {
      const look = () => {
        const operation = this._state.operations.get(id);
        if (operation && operation.state !== 'running') {
          stop();
          resolve(operation);
        }
      };
      const stop = this.subscribe(look);
      look();
    });
  }

  /** Follow an operation that a notebook or a link tells of. */
  async follow(manifest: string, id: string): Promise<void> {
    await this._recall(manifest, id);
  }

  /**
   * Look whether an installed environment is still what its lock file says. What is seen while an operation runs is
   * half done: its end is waited for, and then looked again.
   */
  async lookForDrift(manifest: string, environment: string): Promise<void> {
    const key = driftKey(manifest, environment);
    const look = {};
    this._looks.set(key, look);
    try {
      const rows = await this.api.drift(manifest, environment);
      const late = this._looks.get(key) !== look; // a newer look is on its way
      if (!late && !this._running().some(one => one.manifest === manifest)) {
        this._set({ drift: new Map(this._state.drift).set(key, rows) });
      }
    } catch {
      // The state of the environment says what is wrong with it.
    }
  }

  /** Put an ended operation away. */
  dismiss(id: string): void {
    this._set({ dismissed: new Set([...this._state.dismissed, id]) });
  }

  /** The workspace that is shown. */
  get workspace(): Workspace | undefined {
    return this._state.workspaces.find(one => one.manifest === this._state.manifest);
  }

  /** The state of the environment that is shown. */
  get environment(): EnvironmentState | undefined {
    return this.workspace?.environments.find(one => one.name === this._state.environment);
  }

  /** What is declared and locked for the environment that is shown. */
  get environmentDetail(): EnvironmentDetail | undefined {
    return this._state.detail?.environments.find(one => one.name === this._state.environment);
  }

  private _choose(manifest: string | null, environment: string | null): boolean {
    const workspace = this._state.workspaces.find(one => one.manifest === manifest);
    const names = workspace?.environments.map(one => one.name) ?? [];
    const wanted = environment !== null && names.includes(environment) ? environment : null;
    const same = manifest === this._state.manifest;
    const chosen =
      wanted ??
      (same && names.includes(this._state.environment ?? '') ? this._state.environment : null) ??
      bestOf(workspace, names);
    this._set({
      manifest,
      environment: chosen,
      ...(same ? {} : { detail: null, detailProblem: null })
    });
    return !same;
  }

  private async _loadDetail(): Promise<void> {
    const { manifest } = this._state;
    if (manifest === null) {
      return;
    }
    this._asked += 1;
    const asked = this._asked;
    try {
      const detail = await this.api.detail(manifest);
      if (asked === this._asked) {
        const names = detail.environments.map(one => one.name);
        const { environment } = this._state;
        this._set({
          detail,
          detailProblem: null,
          environment: names.includes(environment ?? '')
            ? environment
            : bestOf(this.workspace, names)
        });
      }
    } catch (reason) {
      if (asked === this._asked) {
        this._set({ detailProblem: problemOf(reason) });
      }
    }
  }

  private async _loadOperations(): Promise<void> {
    try {
      const all = await this.api.operations();
      const fresh = all.filter(
        one => one.state === 'running' || (one.ended ?? 0) > this.now() - RECENT
      );
      const ids = new Set(fresh.map(one => one.id));
      const missed = this._running().filter(one => !ids.has(one.id ?? ''));
      await Promise.all(
        [...missed, ...fresh.reverse()].map(one => this._recall(one.manifest ?? '', one.id ?? ''))
      );
      const known = new Set(all.map(one => one.id));
      for (const one of this._running().filter(({ id }) => !known.has(id ?? ''))) {
        this._put({ ...one, state: 'interrupted', current: null }); // nobody knows of it any more
      }
    } catch (reason) {
      this._set({ problem: problemOf(reason) });
    }
  }

  private _running(): Operation[] {
    return [...this._state.operations.values()].filter(one => one.state === 'running');
  }

  private async _heard(id: string, manifest: string, event: Event): Promise<void> {
    const known = this._state.operations.get(id);
    if (!known && event['event'] !== 'started') {
      await this._recall(manifest, id); // its beginning was before this page
      return;
    }
    const waiting = this._recalling.get(id);
    if (waiting) {
      waiting.push(event);
      return;
    }
    if (known && known.state !== 'running') {
      return; // told already, by REST
    }
    this._put(fold(known ?? begin(id, manifest), event));
  }

  /** The operation as the server has recorded it; events that come meanwhile are in it, or come after it. */
  private async _recall(manifest: string, id: string): Promise<void> {
    if (this._recalling.has(id)) {
      return;
    }
    this._recalling.set(id, []);
    try {
      const recorded = await this.api.operation(manifest, id);
      const seen = recorded.events.length;
      let operation = foldAll(id, manifest, recorded.events);
      if (recorded.state === 'lost') {
        operation = { ...operation, state: 'interrupted', current: null };
      }
      const told = new Set(recorded.events.map(one => JSON.stringify(one)));
      const later = (this._recalling.get(id) ?? []).filter(one => !told.has(JSON.stringify(one)));
      this._put(seen ? later.reduce<Operation>(fold, operation) : operation);
    } catch {
      // It is not recorded (any more): what events tell is all there is.
    } finally {
      this._recalling.delete(id);
    }
  }

  private _lookAgain(manifest: string): void {
    for (const key of [...this._looks.keys()]) {
      const [where, environment] = key.split('\n');
      if (where === manifest && environment !== undefined) {
        void this.lookForDrift(manifest, environment);
      }
    }
  }

  private _put(operation: Operation): void {
    const operations = new Map(this._state.operations);
    operations.set(operation.id ?? '', operation);
    for (const [id, one] of operations) {
      if (operations.size > KEPT && one.state !== 'running') {
        operations.delete(id);
      }
    }
    this._set({ operations });
    if (operation.state !== 'running') {
      if (operation.manifest === this._state.manifest) {
        void this._loadDetail();
      }
      this._lookAgain(operation.manifest ?? '');
    }
  }

  private _set(change: Partial<StoreState>): void {
    this._state = { ...this._state, ...change };
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private _state: StoreState = EMPTY;
  private _asked = 0;
  private _catchingUp = false;
  private readonly _looks = new Map<string, object>();
  private readonly _listeners = new Set<() => void>();
  private readonly _recalling = new Map<string, Event[]>();
}

/** The environment to show first: one that has a kernel and runs here. */
function bestOf(workspace: Workspace | undefined, names: readonly string[]): string | null {
  const runs = workspace?.environments.find(
    one => one.kernels.length > 0 && one.state !== 'cannot-run' && one.state !== 'broken'
  );
  return runs && names.includes(runs.name) ? runs.name : (names[0] ?? null);
}
