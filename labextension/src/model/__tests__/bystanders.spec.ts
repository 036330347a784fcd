import { describe, expect, it } from 'vitest';

import { Bystanders } from '../bystanders';
import { OPERATION } from '../events';

const told = (event: object) => ({ operation: 'a', manifest: '/w/pixi.toml', event });
const started = told({ event: 'started', kernel: 'kernel-1.json', environment: 'default' });
const result = (changes: object[]) =>
  told({ event: 'result', data: { kind: 'change', environment: 'default', changes } });

describe('a change by somebody else', () => {
  it('is told with what moved, and who asked for it', () => {
    const bystanders = new Bystanders();
    expect(bystanders.hear(OPERATION, started)).toBeUndefined();
    const changes = [
      { name: 'cowsay', before: '6.1', after: '6.0', type: 'conda' },
      { name: 'six', before: null, after: '1.16', type: 'conda' },
      { name: 'gone', before: '1.0', after: null, type: 'pypi' }
    ];
    expect(bystanders.hear(OPERATION, result(changes))).toEqual({
      manifest: '/w/pixi.toml',
      environment: 'default',
      kernel: 'kernel-1.json',
      packages: ['cowsay 6.1 → 6.0', 'gone 1.0 → —']
    });
  });
  it('is nothing where packages only came, where it failed, and for other events', () => {
    const bystanders = new Bystanders();
    expect(bystanders.hear(OPERATION, result([{ name: 'six', before: null }]))).toBeUndefined();
    bystanders.hear(OPERATION, started);
    expect(bystanders.hear(OPERATION, told({ event: 'failed', text: 'x' }))).toBeUndefined();
    expect(bystanders.hear('other', started)).toBeUndefined();
    expect(bystanders.hear(OPERATION, { operation: 1 })).toBeUndefined();
  });
});
