import { describe, expect, it } from 'vitest';

import { planOf } from '../plan';

const ADDED = { name: 'z', before: null, after: '2', type: 'conda', kind: 'added' };

describe('a preview', () => {
  it('tells each package once, with its platforms, what was asked for first', () => {
    const plan = planOf({
      environment: 'lab',
      platform: 'linux-64',
      changes: [
        { ...ADDED, name: 'a', after: '1', explicit: false },
        { ...ADDED, explicit: true }
      ],
      others: [{ ...ADDED, explicit: true, environment: 'lab', platform: 'win-64' }]
    });
    expect(plan.own.map(one => [one.name, one.platforms])).toEqual([
      ['z', ['linux-64', 'win-64']],
      ['a', ['linux-64']]
    ]);
    expect(plan.platforms).toEqual(['linux-64', 'win-64']);
    expect(plan.others).toEqual([]);
  });

  it('keeps apart what changes in other environments only', () => {
    const others = [
      { ...ADDED, environment: 'cuda', platform: 'gpu' },
      { ...ADDED, name: 'only', environment: 'cuda', platform: 'gpu' }
    ];
    const plan = planOf({ environment: 'lab', platform: 'linux-64', changes: [ADDED], others });
    expect(plan.own.map(one => [one.name, one.environments, one.platforms])).toEqual([
      ['z', ['lab', 'cuda'], ['linux-64']]
    ]);
    expect(plan.others.map(one => [one.name, one.environments])).toEqual([['only', ['cuda']]]);
  });

  it('marks what the kernel has loaded, and tells what is downloaded', () => {
    const moved = { name: 'numpy', before: '1.0', after: '2.0', type: 'conda', kind: 'up' };
    const preview = { loaded: ['numpy'], download: { packages: 3, bytes: 4000, unknown: 1 } };
    const plan = planOf({ environment: 'lab', changes: [moved, ADDED], preview });
    expect(plan.own.map(one => [one.name, one.kind, one.loaded])).toEqual([
      ['numpy', 'up', true],
      ['z', 'added', false]
    ]);
    expect(plan.download).toEqual({ packages: 3, bytes: 4000, unknown: 1 });
  });

  it("reads Pixi's own difference, which tells no kinds", () => {
    const rows = [
      { name: 'b', before: { version: '1' }, after: { version: '2' }, type: 'conda' },
      { name: 'c', before: '1 h1_0', after: '1 h2_0', type: 'conda' },
      { name: 'd', before: '1 h1_0', after: null, type: 'conda' }
    ];
    const plan = planOf({ diff: { environment: { default: { 'linux-64': rows } } } }, 'default');
    expect(plan.own.map(one => [one.name, one.before, one.after, one.kind])).toEqual([
      ['b', '1', '2', 'changed'],
      ['c', '1 h1_0', '1 h2_0', 'rebuilt'],
      ['d', '1', null, 'removed']
    ]);
    expect(plan.own[0]?.platforms).toEqual(['linux-64']);
  });

  it('takes nothing for granted', () => {
    const plan = planOf({
      changes: [1, { name: 2 }],
      preview: { loaded: 'x', download: { packages: 'y' } }
    });
    expect(plan.own.map(one => one.name)).toEqual(['']);
    expect([plan.download, plan.written, plan.notes]).toEqual([null, [], []]);
  });
});
