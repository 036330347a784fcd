import { describe, expect, it, vi } from 'vitest';

import { ENVIRONMENTS_CHANGED, OPERATION } from '../events';
import type { Api, Detail, Recorded, Workspace } from '../rest';
import { Store } from '../store';

const environment = (name: string, state: string, kernels = 1) => ({
  name,
  state,
  reason: null,
  prefix: `/w/.pixi/envs/${name}`,
  platform: 'linux-64',
  kernels: Array(kernels).fill({ name: 'python3', language: 'python', display_name: 'Python 3' })
});
const workspace = (name: string, ...environments: unknown[]) =>
  ({
    manifest: `/${name}/pixi.toml`,
    root: `/${name}`,
    name,
    path: name,
    environments,
    error: null
  }) as Workspace;

const WEATHER = workspace(
  'weather',
  environment('default', 'not-installed', 0),
  environment('cuda', 'cannot-run'),
  environment('cpu', 'ready')
);
const TIDES = workspace('tides', environment('default', 'ready'));

function detail(of: Workspace): Detail {
  const environments = of.environments.map(one => ({
    name: one.name,
    features: ['default'],
    solve_group: null,
    platform: 'linux-64',
    platforms: [],
    dependencies: []
  }));
  return { manifest: of.manifest, name: of.name, environments, undo: null } as unknown as Detail;
}

function api(more: Partial<Api> = {}): Api {
  const all = [WEATHER, TIDES];
  return {
    workspaces: () => Promise.resolve({ workspaces: all, complete: true, truncated: null }),
    detail: (manifest: string) => {
      const found = all.find(one => one.manifest === manifest);
      return found ? Promise.resolve(detail(found)) : Promise.reject(new Error('unknown'));
    },
    operations: () => Promise.resolve([]),
    ...more
  } as unknown as Api;
}

const STARTED = { event: 'started', operation: 'op', command: ['add', 'x'], time: 1 };
const told = (event: object) => ({ operation: 'op', manifest: WEATHER.manifest, event });
const recorded = (state: string, ...events: object[]) =>
  ({
    id: 'op',
    manifest: WEATHER.manifest,
    state,
    events,
    activation: null
  }) as unknown as Recorded;

describe('the store', () => {
  it('shows the first workspace and the environment that runs and has a kernel', async () => {
    const store = new Store(api());
    await store.load();
    expect(store.get().manifest).toBe(WEATHER.manifest);
    expect(store.get().environment).toBe('cpu');
    expect(store.environment?.state).toBe('ready');
    expect(store.environmentDetail?.name).toBe('cpu');
  });

  it('keeps what was chosen when environments change', async () => {
    const store = new Store(api());
    await store.load();
    await store.select(WEATHER.manifest, 'cuda');
    await store.hear(ENVIRONMENTS_CHANGED, { workspaces: [], kernels: true });
    expect(store.get().environment).toBe('cuda');
    await store.select(TIDES.manifest);
    expect(store.get().environment).toBe('default');
    expect(store.get().detail?.name).toBe('tides');
  });

  it('tells of a server that does not answer', async () => {
    const store = new Store(api({ workspaces: () => Promise.reject(new Error('gone')) }));
    await store.load();
    expect(store.get().problem).toEqual({ message: 'gone' });
  });

  it('does not take the answer for a workspace that was left meanwhile', async () => {
    let answer: (value: Detail) => void = () => undefined;
    const slow = new Promise<Detail>(resolve => (answer = resolve));
    const store = new Store(api());
    await store.load();
    store.api.detail = vi.fn((manifest: string) =>
      manifest === TIDES.manifest ? slow : Promise.resolve(detail(WEATHER))
    );
    const first = store.select(TIDES.manifest);
    await store.select(WEATHER.manifest);
    answer(detail(TIDES));
    await first;
    expect(store.get().detail?.name).toBe('weather');
  });

  it('follows an operation from its first event to its end', async () => {
    const store = new Store(api());
    await store.load();
    await store.hear(OPERATION, told(STARTED));
    await store.hear(OPERATION, told({ event: 'phase', phase: 'solve', title: 'Solving' }));
    expect(store.get().operations.get('op')?.phases).toHaveLength(1);
    const end = store.ended('op');
    await store.hear(OPERATION, told({ event: 'result', data: { message: 'Added x' } }));
    expect((await end).result?.message).toBe('Added x');
  });

  it('asks for the beginning of an operation that it has not heard', async () => {
    const phase = { event: 'phase', phase: 'solve', title: 'Solving' };
    const operation = vi.fn(() => Promise.resolve(recorded('running', STARTED, phase)));
    const store = new Store(api({ operation }));
    await store.load();
    await store.hear(OPERATION, told(phase));
    expect(operation).toHaveBeenCalledOnce();
    expect(store.get().operations.get('op')?.command).toEqual(['add', 'x']);
    expect(store.get().operations.get('op')?.phases).toHaveLength(1);
  });

  it('loses no event and takes none twice while it asks', async () => {
    const phase = { event: 'phase', phase: 'solve', title: 'Solving' };
    const end = { event: 'result', data: { message: 'Done' } };
    let answer: (value: Recorded) => void = () => undefined;
    const slow = new Promise<Recorded>(resolve => (answer = resolve));
    const store = new Store(
      api({ operation: () => slow, start: () => Promise.resolve({ id: 'op' }) })
    );
    await store.load();
    const started = store.start(Promise.resolve({ manifest: WEATHER.manifest, command: 'add' }));
    await Promise.resolve();
    await store.hear(OPERATION, told(STARTED));
    await store.hear(OPERATION, told(phase));
    await store.hear(OPERATION, told(end));
    answer(recorded('running', STARTED, phase));
    await started;
    const operation = store.get().operations.get('op');
    expect(operation?.state).toBe('done');
    expect(operation?.phases).toHaveLength(1);
  });

  it('shows after a reload what runs and what has just ended', async () => {
    const all = [
      { id: 'op', manifest: WEATHER.manifest, state: 'done', ended: 995 },
      { id: 'old', manifest: WEATHER.manifest, state: 'done', ended: 10 }
    ];
    const result = { event: 'result', data: { message: 'Added x' }, time: 995 };
    const operation = vi.fn(() => Promise.resolve(recorded('done', STARTED, result)));
    const store = new Store(
      api({ operations: () => Promise.resolve(all as never), operation }),
      () => 1000
    );
    await store.load();
    expect([...store.get().operations.keys()]).toEqual(['op']);
  });

  it('learns the end of an operation that ended long ago, while there was no connection', async () => {
    const all = [{ id: 'op', manifest: WEATHER.manifest, state: 'done', ended: 10 }];
    const result = { event: 'result', data: { message: 'Added x' }, time: 10 };
    const operation = () => Promise.resolve(recorded('done', STARTED, result));
    const operations = () => Promise.resolve(all as never);
    const store = new Store(api({ operations, operation }), () => 9000);
    await store.hear(OPERATION, told(STARTED));
    await store.hear(OPERATION, {
      ...told({ ...STARTED, operation: 'forgotten' }),
      operation: 'forgotten'
    });
    store.api.operation = (_, id) => (id === 'op' ? operation() : Promise.reject(new Error('404')));
    await store.load();
    expect(store.get().operations.get('op')?.result?.message).toBe('Added x');
    expect(store.get().operations.get('forgotten')?.state).toBe('interrupted');
  });

  it('asks a server that is away again, and keeps what it shows meanwhile', async () => {
    const queue: (() => void)[] = [];
    const store = new Store(api(), undefined, work => queue.push(work));
    await store.load();
    const answer = await store.api.workspaces();
    store.api.workspaces = vi.fn(() => Promise.reject(new Error('away')));
    store.catchUp();
    store.catchUp();
    expect(queue).toHaveLength(1);
    queue.shift()?.();
    await vi.waitFor(() => {
      expect(queue).toHaveLength(1);
    });
    expect(store.get().problem).toBeNull();
    store.api.workspaces = () => Promise.resolve(answer);
    const operations = vi.fn(() => Promise.resolve([]));
    store.api.operations = operations;
    queue.shift()?.();
    await vi.waitFor(() => {
      expect(operations).toHaveBeenCalled();
    });
    expect(queue).toHaveLength(0);
  });

  it('shows no difference that it saw while an operation ran, and looks again at its end', async () => {
    const half = [{ name: 'x', kind: 'conda', what: 'damaged', text: 'x is damaged' }];
    const answers: ((rows: unknown) => void)[] = [];
    const drift = () => new Promise(resolve => answers.push(resolve));
    const store = new Store(api({ drift } as never));
    await store.load();
    const key = `${WEATHER.manifest}\ncpu`;
    const first = store.lookForDrift(WEATHER.manifest, 'cpu');
    await store.hear(OPERATION, told(STARTED));
    answers[0]?.(half);
    await first;
    expect(store.get().drift.has(key)).toBe(false);
    const second = store.lookForDrift(WEATHER.manifest, 'cpu');
    await store.hear(OPERATION, told({ event: 'result', data: {} }));
    expect(answers).toHaveLength(3);
    answers[2]?.([]);
    answers[1]?.(half); // the older answer comes last
    await second;
    expect(store.get().drift.get(key)).toEqual([]);
  });

  it('counts an operation whose process is gone as interrupted', async () => {
    const operation = () => Promise.resolve(recorded('lost', STARTED));
    const store = new Store(api({ operation }));
    await store.follow(WEATHER.manifest, 'op');
    expect(store.get().operations.get('op')?.state).toBe('interrupted');
  });
});
