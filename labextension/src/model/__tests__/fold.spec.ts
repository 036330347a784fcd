import { describe, expect, it } from 'vitest';

import { foldAll } from '../fold';
import { resultText } from '../words';

const STARTED = {
  event: 'started',
  operation: 'a',
  command: ['add', 'x'],
  time: 5,
  environment: 'cpu'
};

describe('the events of an operation', () => {
  it('amount to its progress', () => {
    const operation = foldAll('a', '/w/pixi.toml', [
      STARTED,
      { event: 'phase', phase: 'solve', title: 'Solving', total: 2 },
      { event: 'phase', phase: 'link', title: 'Linking', total: 10 },
      { event: 'progress', phase: 'link', done: 4, item: 'polars' },
      { event: 'from a later version' }
    ]);
    expect(operation.state).toBe('running');
    expect(operation.command).toEqual(['add', 'x']);
    expect(operation.phases.map(one => [one.title, one.done, one.finished])).toEqual([
      ['Solving', 0, true],
      ['Linking', 4, false]
    ]);
    expect(operation.current).toBe(1);
  });

  it('make a phase of progress that was not announced', () => {
    const operation = foldAll('a', '/w', [STARTED, { event: 'progress', phase: 'fetch', done: 1 }]);
    expect(operation.phases.map(one => one.phase)).toEqual(['fetch']);
    expect(operation.phases[0]?.done).toBe(1);
  });

  it('end in a result whose first line is the headline', () => {
    const data = {
      kind: 'change',
      message: 'Added x\nIt is also …',
      changes: [{ name: 'x', before: null, after: '1.0 h', type: 'conda', explicit: true }],
      others: [{ name: 'x', before: null, after: '1.0 h', type: 'conda', platform: 'win-64' }],
      written: [{ file: 'pixi.toml', line: 3, text: 'x = "*"' }],
      restart: ['numpy']
    };
    const operation = foldAll('a', '/w', [STARTED, { event: 'result', data, time: 9 }]);
    expect(operation.state).toBe('done');
    expect(operation.result?.message).toBe('Added x');
    expect(operation.notes).toEqual(['It is also …']);
    expect(operation.result?.changes).toHaveLength(1);
    expect(operation.result?.changes[0]?.after).toBe('1.0');
    expect(operation.result?.restart).toEqual(['numpy']);
  });

  it('say what was installed where a result has no sentence', () => {
    const data = { kind: 'install', environments: { cpu: {}, gpu: {} } };
    const { result } = foldAll('a', '/w', [STARTED, { event: 'result', data }]);
    expect(result?.environments).toEqual(['cpu', 'gpu']);
    const words = {
      __: (text: string, ...values: (string | number)[]) => text.replace('%1', String(values[0]))
    };
    expect(resultText(result, words)).toBe('Installed: cpu, gpu');
    const locked = { event: 'result', data: { kind: 'lock', changed: false } };
    const same = foldAll('a', '/w', [STARTED, locked]).result;
    expect(resultText(same, words)).toBe('The lock file was up to date');
  });

  it('end in a failure or an interrupt', () => {
    const failed = { event: 'failed', code: 'solve', text: 'No', file: 'pixi.toml', line: 4 };
    const operation = foldAll('a', '/w', [STARTED, failed]);
    expect([operation.state, operation.error?.place]).toEqual(['failed', 'pixi.toml:4']);
    const stopped = foldAll('a', '/w', [STARTED, { ...failed, code: 'interrupted' }]);
    expect(stopped.state).toBe('interrupted');
  });
});

describe('a command', () => {
  it('is shown without the manifest', () => {
    const command = [
      'add',
      '--manifest-path=/w/pixi.toml',
      '-m',
      '/w',
      'x',
      '--manifest-path',
      '/w',
      'y'
    ];
    expect(foldAll('a', '/w', [{ ...STARTED, command }]).command).toEqual(['add', 'x', 'y']);
  });
});
