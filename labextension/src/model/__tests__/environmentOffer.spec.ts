import { describe, expect, it } from 'vitest';

import { environmentOffer, workspaceOf } from '../environmentOffer';
import type { State } from '../kernels';
import type { Workspace } from '../rest';

function workspace(path: string | null, states: Record<string, State> = {}): Workspace {
  const environments = Object.entries(states).map(([name, state]) => ({
    name,
    state,
    reason: null,
    prefix: '',
    platform: null,
    kernels: []
  }));
  const root = `/w/${path ?? ''}`;
  return {
    manifest: `${root}/pixi.toml`,
    root,
    name: 'w',
    path,
    trusted: true,
    environments,
    error: null
  };
}

const STATES: Record<string, State> = {
  cuda: 'cannot-run',
  cpu: 'not-installed',
  lab: 'ready',
  bare: 'ready'
};
const hasKernel = (_: string, environment: string) => environment !== 'bare';

describe('a notebook', () => {
  it('lies in the innermost workspace', () => {
    const all = [workspace(''), workspace('a'), workspace('a/b'), workspace(null)];
    expect(workspaceOf('a/b/n.ipynb', all)?.path).toBe('a/b');
    expect(workspaceOf('a/bc/n.ipynb', all)?.path).toBe('a');
    expect(workspaceOf('n.ipynb', all)?.path).toBe('');
    expect(workspaceOf('n.ipynb', [workspace('a'), workspace(null)])).toBeUndefined();
  });

  it('is offered what can run here, what is installed first', () => {
    const offer = environmentOffer('a/n.ipynb', 'python3', [workspace('a', STATES)], hasKernel);
    expect(offer?.choices).toEqual([
      { environment: 'lab', first: 'nothing' },
      { environment: 'cpu', first: 'install' }
    ]);
    const foreign = { ...workspace('a', STATES), trusted: false };
    const asked = environmentOffer('a/n.ipynb', 'python3', [foreign], hasKernel);
    expect(asked?.choices.map(one => one.first)).toEqual(['trust', 'trust']);
    expect(environmentOffer('a/n.ipynb', '', [workspace('a', STATES)], hasKernel)).toBeDefined();
  });

  it('is left alone elsewhere, on a kernel of its own choice, and where nothing runs', () => {
    const all = [workspace('a', STATES)];
    expect(environmentOffer('n.ipynb', 'python3', all, hasKernel)).toBeUndefined();
    expect(environmentOffer('a/n.ipynb', 'pixi.w.lab', all, hasKernel)).toBeUndefined();
    expect(environmentOffer('a/n.ipynb', 'ir', all, hasKernel)).toBeUndefined();
    const broken = [workspace('a', { default: 'broken' })];
    expect(environmentOffer('a/n.ipynb', 'python3', broken, hasKernel)).toBeUndefined();
  });
});
