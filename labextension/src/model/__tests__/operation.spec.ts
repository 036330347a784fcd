import { describe, expect, it } from 'vitest';

import { concerns, isWorthTelling, parse, progress, size, sorted, withText } from '../operation';

const RUNNING = {
  version: 1,
  operation: '20261101-ab12',
  command: ['add', 'polars'],
  manifest: '/w/pixi.toml',
  environment: 'default',
  kernel: null,
  state: 'running',
  started: 1.5,
  ended: null,
  phases: [
    { phase: 'solve', title: 'Solving 2 environments', done: 2, total: 2, finished: true },
    {
      phase: 'download',
      title: 'Downloading',
      done: 1,
      total: 4,
      item: 'polars',
      bytes_done: 1_500_000,
      bytes_total: 6_000_000,
      finished: false
    }
  ],
  current: 1,
  notes: [],
  warnings: [{ text: 'Careful', code: null }],
  result: null,
  error: null
};

function known(document: unknown) {
  const operation = parse(document);
  if (!operation) {
    throw new Error('not parsed');
  }
  return operation;
}

describe('parse', () => {
  it('reads a running operation', () => {
    const operation = known(RUNNING);
    expect(operation.command).toEqual(['add', 'polars']);
    expect(operation.phases.map(phase => phase.title)).toEqual([
      'Solving 2 environments',
      'Downloading'
    ]);
    expect(operation.warnings).toEqual(['Careful']);
  });

  it('refuses another format', () => {
    expect(parse({ ...RUNNING, version: 2 })).toBeUndefined();
    expect(parse({ ...RUNNING, state: 'sleeping' })).toBeUndefined();
    expect(parse('running')).toBeUndefined();
    expect(parse(null)).toBeUndefined();
  });

  it('leaves out what is malformed and keeps the rest', () => {
    const operation = known({
      ...RUNNING,
      state: 'done',
      phases: [null, 7, { title: 'Linking' }],
      notes: ['one', 2, {}],
      result: {
        message: 'Added',
        changes: [{ name: 'polars', before: null, after: '1.0', type: 'conda' }, { name: 3 }, 'x'],
        written: [{ file: 'pixi.toml', line: 'seven', text: 'polars = "*"' }]
      }
    });
    expect(operation.phases).toHaveLength(1);
    expect(operation.notes).toEqual(['one']);
    expect(operation.result?.changes.map(change => change.name)).toEqual(['polars']);
    expect(operation.result?.written).toEqual([
      { file: 'pixi.toml', line: null, text: 'polars = "*"' }
    ]);
  });

  it('gives the place of an error as far as it is known', () => {
    const error = { code: 'manifest', text: 'Wrong', help: null, file: 'pixi.toml', line: 3 };
    const failed = { ...RUNNING, state: 'failed' };
    expect(known({ ...failed, error }).error?.place).toBe('pixi.toml:3');
    expect(known({ ...failed, error: { ...error, file: null } }).error?.place).toBeNull();
  });
});

describe('progress', () => {
  it('prefers bytes to steps', () => {
    expect(progress(known(RUNNING))).toEqual({
      title: 'Downloading',
      fraction: 0.25,
      done: 1,
      total: 4,
      item: 'polars',
      bytes: '1.5 MB / 6.0 MB'
    });
  });

  it('knows no fraction without a total, and none above one', () => {
    const phases = [{ title: 'Solving', done: 3 }];
    expect(progress(known({ ...RUNNING, phases, current: 0 }))?.fraction).toBeUndefined();
    const over = [{ title: 'Linking', done: 5, total: 4 }];
    expect(progress(known({ ...RUNNING, phases: over, current: 0 }))?.fraction).toBe(1);
  });

  it('is gone at the end, and where the present phase is not listed', () => {
    expect(progress(known({ ...RUNNING, state: 'done' }))).toBeUndefined();
    expect(progress(known({ ...RUNNING, current: 9 }))).toBeUndefined();
  });
});

describe('tables', () => {
  it('puts what was asked for first', () => {
    const change = { before: null, after: '1', type: 'conda' };
    const names = sorted([
      { ...change, name: 'b', explicit: false },
      { ...change, name: 'z', explicit: true },
      { ...change, name: 'a', explicit: false }
    ]).map(one => one.name);
    expect(names).toEqual(['z', 'a', 'b']);
  });

  it('writes sizes for people', () => {
    expect([0, 999, 1000, 123_456_789, 5e12].map(size)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '123 MB',
      '5.0 TB'
    ]);
  });
});

describe('an operation', () => {
  it('concerns the environment that it runs for, and those that its command names', () => {
    const operation = known({
      ...RUNNING,
      command: ['install', '-e', 'tools', '--environment=gpu']
    });
    const names = ['default', 'tools', 'gpu', 'other', 'install'];
    expect(names.filter(name => concerns(operation, name))).toEqual(['default', 'tools', 'gpu']);
  });
});

describe('the end of an operation', () => {
  it('is told of everything but a start that went as it should', () => {
    const done = { ...known(RUNNING), state: 'done' as const, warnings: [] };
    const start = { ...done, command: ['kernels', 'prepare', 'cpu'] };
    expect(isWorthTelling(done)).toBe(true);
    expect(isWorthTelling(start)).toBe(false);
    expect(isWorthTelling({ ...start, state: 'failed' })).toBe(true);
    expect(isWorthTelling({ ...start, notes: ['The other install has ended.'] })).toBe(false);
    expect(isWorthTelling({ ...start, warnings: ['Careful'] })).toBe(true);
  });
});

describe('what a cell shows', () => {
  const done = { ...RUNNING, state: 'done', current: null };

  it('has versions with their builds only where the version stays', () => {
    const changes = [
      { name: 'a', before: '1.0 py_0', after: '1.1 py_0', type: 'conda' },
      { name: 'b', before: '1.0 py_0', after: '1.0 py_1', type: 'conda' }
    ];
    const found = known({ ...done, result: { changes } }).result?.changes;
    expect(found?.map(one => `${one.before ?? ''} ${one.after ?? ''}`)).toEqual([
      '1.0 1.1',
      '1.0 py_0 1.0 py_1'
    ]);
  });

  it('is the line beside a document that tells no result', () => {
    const message = withText(known(done), 'The kernel starts again on `b`.').result?.message;
    expect(message).toBe('The kernel starts again on `b`.');
    expect(withText(known(done), 'many\nlines').result).toBeNull();
    expect(withText(known(RUNNING), 'Downloading').result).toBeNull();
  });
});
