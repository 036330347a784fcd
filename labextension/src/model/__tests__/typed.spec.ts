import { describe, expect, it } from 'vitest';

import { DEFAULTS, preferencesOf } from '../preferences';
import { nameOf, packagesOf } from '../specs';

describe('what is typed for packages', () => {
  it.each([
    ['polars', ['polars']],
    ['  numpy >=2,<3   polars ', ['numpy >=2,<3', 'polars']],
    ['numpy, polars,', ['numpy', 'polars']],
    ['requests[socks,security]>=2', ['requests[socks,security]>=2']],
    ["x; python_version < '3.12'", ["x; python_version < '3.12'"]],
    ['x @ https://example.org/x.whl', ['x @ https://example.org/x.whl']],
    ['', []]
  ])('%s', (text, specs) => {
    expect(packagesOf(text)).toEqual(specs);
  });

  it('begins with a name', () => {
    expect(['numpy >=2', 'x[a]', 'y==1'].map(nameOf)).toEqual(['numpy', 'x', 'y']);
  });
});

describe('settings', () => {
  it('are as by default where they say nothing, or nonsense', () => {
    expect(preferencesOf(() => undefined)).toEqual(DEFAULTS);
    const nonsense = preferencesOf(name => (name === 'discoveryDepth' ? -1 : { a: 1 }));
    expect(nonsense).toEqual(DEFAULTS);
  });

  it('are read', () => {
    const given: Record<string, unknown> = {
      previewBeforeAdding: false,
      loadedPackages: 'restart',
      offline: true,
      discoveryRoots: ['~/a', 3],
      discoveryDepth: 2
    };
    expect(preferencesOf(name => given[name])).toEqual({
      ...DEFAULTS,
      preview: false,
      loadedPackages: 'restart',
      offline: true,
      roots: ['~/a'],
      depth: 2
    });
  });
});
