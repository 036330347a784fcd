import { describe, expect, it } from 'vitest';

import { switchedTo } from '../switched';

const done = { state: 'done', effects: { restart: true, kernel: 'pixi.weather.cuda' } };

describe('switchedTo', () => {
  it('gives the kernel of a switch', () => {
    expect(switchedTo(done)).toBe('pixi.weather.cuda');
  });

  it('gives nothing for anything else', () => {
    const others: unknown[] = [
      undefined,
      null,
      'text',
      {},
      { ...done, state: 'failed' },
      { ...done, effects: null },
      { ...done, effects: { restart: true } },
      { ...done, effects: { restart: true, kernel: 'python3' } }
    ];
    expect(others.map(switchedTo)).toEqual(others.map(() => undefined));
  });
});
