import { beforeEach, describe, expect, it } from 'vitest';

import { UNAVAILABLE_CLASS, markCards } from '../launcherCards';
import type { EnvironmentKernel } from '../model/kernels';

function kernels(...all: EnvironmentKernel[]) {
  return new Map(all.map(kernel => [kernel.displayName, kernel]));
}

const CUDA: EnvironmentKernel = {
  name: 'pixi.weather.cuda',
  displayName: 'weather · cuda (unavailable)',
  state: 'cannot-run',
  reason: 'This machine has no CUDA driver.'
};

function card(title: string): HTMLElement {
  const node = document.createElement('div');
  node.className = 'jp-LauncherCard';
  node.title = title;
  document.body.append(node);
  return node;
}

beforeEach(() => {
  document.body.replaceChildren();
});

describe('markCards', () => {
  it('greys what cannot run and tells why', () => {
    const other = card('Python 3');
    const cuda = card(CUDA.displayName);
    markCards(document, kernels(CUDA));
    markCards(document, kernels(CUDA));
    expect(cuda.classList.contains(UNAVAILABLE_CLASS)).toBe(true);
    expect(cuda.title).toBe('weather · cuda (unavailable)\nThis machine has no CUDA driver.');
    expect(other.title).toBe('Python 3');
    expect(other.classList.contains(UNAVAILABLE_CLASS)).toBe(false);
  });

  it('takes the mark back when the launcher has drawn the card with another name', () => {
    const node = card(CUDA.displayName);
    markCards(document, kernels(CUDA));
    node.title = 'weather · cuda';
    markCards(
      document,
      kernels({ ...CUDA, displayName: 'weather · cuda', state: 'ready', reason: '' })
    );
    expect(node.classList.contains(UNAVAILABLE_CLASS)).toBe(false);
    expect(node.title).toBe('weather · cuda');
  });

  it('takes the mark back when the kernel is gone', () => {
    const node = card(CUDA.displayName);
    markCards(document, kernels(CUDA));
    markCards(document, new Map());
    expect(node.classList.contains(UNAVAILABLE_CLASS)).toBe(false);
    expect(node.title).toBe(CUDA.displayName);
  });

  it('writes a changed reason', () => {
    const node = card(CUDA.displayName);
    markCards(document, kernels(CUDA));
    markCards(document, kernels({ ...CUDA, reason: 'The driver is too old.' }));
    expect(node.title).toContain('The driver is too old.');
  });
});
