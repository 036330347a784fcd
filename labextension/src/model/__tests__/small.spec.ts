import { describe, expect, it } from 'vitest';

import { groups } from '../lockDiff';
import { missingModule, tableFor } from '../missingImport';
import type { DiffRow } from '../rest';
import { filtered, here, versionsOf } from '../rows';
import { visible } from '../window';

describe('a missing import', () => {
  it('is the top module of the error', () => {
    expect(missingModule('ModuleNotFoundError', "No module named 'polars'")).toBe('polars');
    expect(missingModule('ModuleNotFoundError', "No module named 'google.cloud'")).toBe('google');
    expect(missingModule('ModuleNotFoundError', "No module named 'a'; 'a' is not a package")).toBe(
      'a'
    );
  });
  it('is nothing else', () => {
    expect(missingModule('ImportError', "cannot import name 'x' from 'y'")).toBeUndefined();
    expect(missingModule('ValueError', "No module named 'x'")).toBeUndefined();
    expect(missingModule('ModuleNotFoundError', "No module named '<img>'")).toBeUndefined();
  });
});

describe('a long list', () => {
  it('is drawn where it is seen', () => {
    expect(visible(4000, 24, 0, 240, 2)).toEqual({ first: 0, end: 12, above: 0, below: 3988 * 24 });
    const middle = visible(4000, 24, 24_000, 240, 2);
    expect([middle.first, middle.end, middle.above]).toEqual([998, 1012, 998 * 24]);
  });
  it('ends where it ends', () => {
    const end = visible(10, 24, 9999, 240, 2);
    expect([end.first, end.end, end.below]).toEqual([10, 10, 0]);
    expect(visible(0, 24, 0, 240)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
  });
  it('is filtered by name', () => {
    expect(filtered([{ name: 'NumPy' }, { name: 'pandas' }], ' nump ')).toEqual([
      { name: 'NumPy' }
    ]);
  });
});

describe('a dependency', () => {
  const dependency = {
    name: 'a',
    type: 'conda' as const,
    feature: 'default',
    requested: { linux: '>=1', win: '>=1' },
    locked: { linux: '1.2', win: '1.1' }
  };
  it('tells this platform, and that others differ', () => {
    expect(here(dependency, 'win')).toEqual({ requested: '>=1', locked: '1.1', differs: true });
    expect(here(dependency, 'osx').locked).toBe('1.2');
  });
  it('has its versions by environment and platform', () => {
    const detail = {
      platforms: [{ name: 'linux' }, { name: 'osx' }, { name: 'win' }],
      environments: [
        { name: 'default', dependencies: [dependency] },
        { name: 'other', dependencies: [] }
      ]
    };
    expect(versionsOf(detail as never, dependency)).toEqual({
      environments: ['default'],
      platforms: ['linux', 'win'],
      cells: [['1.2', '1.1']]
    });
  });
});

describe('a lock difference', () => {
  it('tells once what changed alike in several places', () => {
    const row = (
      environment: string,
      platform: string,
      name: string,
      explicit = false
    ): DiffRow => ({
      environment,
      platform,
      name,
      type: 'conda',
      kind: 'added',
      before: null,
      after: '1',
      explicit
    });
    const found = groups([
      row('a', 'linux', 'x'),
      row('a', 'linux', 'y', true),
      row('a', 'win', 'x'),
      row('a', 'win', 'y', true),
      row('b', 'linux', 'x')
    ]);
    expect(found.map(one => [one.places, one.rows.map(each => each.name)])).toEqual([
      [
        ['a / linux', 'a / win'],
        ['y', 'x']
      ],
      [['b / linux'], ['x']]
    ]);
  });
});

describe('the package of a missing module', () => {
  it('is written where an add writes, as far as that is sure', () => {
    expect(tableFor('pixi.toml', ['tools', 'default'], false)).toBe('[dependencies]');
    expect(tableFor('pixi.toml', ['default'], true)).toBe('[pypi-dependencies]');
    expect(tableFor('pixi.toml', ['tools'], false)).toBeUndefined();
    expect(tableFor('pixi.toml', undefined, false)).toBeUndefined();
    expect(tableFor('pyproject.toml', ['default'], true)).toBeUndefined();
  });
});
