import { describe, expect, it } from 'vitest';

import { describe as describeKernel, environmentKernels, isUnavailable } from '../kernels';

function spec(name: string, display_name: string, metadata: unknown) {
  return { name, display_name, metadata };
}

describe('environmentKernels', () => {
  it('finds the kernels of environments by display name', () => {
    const kernels = environmentKernels([
      spec('python3', 'Python 3', {}),
      spec('pixi.weather.cuda', 'weather · cuda (unavailable)', {
        'jupyter-pixi': { state: 'cannot-run', reason: 'No CUDA driver.' }
      }),
      spec('pixi.weather.cpu', 'weather · cpu', { 'jupyter-pixi': { state: 'ready' } }),
      undefined
    ]);
    expect([...kernels.keys()]).toEqual(['weather · cuda (unavailable)', 'weather · cpu']);
    const cuda = kernels.get('weather · cuda (unavailable)');
    expect(cuda && isUnavailable(cuda)).toBe(true);
    expect(cuda && describeKernel(cuda)).toBe('weather · cuda (unavailable)\nNo CUDA driver.');
    const cpu = kernels.get('weather · cpu');
    expect(cpu && isUnavailable(cpu)).toBe(false);
    expect(cpu && describeKernel(cpu)).toBe('weather · cpu');
  });

  it('passes over metadata that is not as expected', () => {
    const odd = [null, 3, { 'jupyter-pixi': null }, { 'jupyter-pixi': { state: 'asleep' } }];
    expect(environmentKernels(odd.map((m, i) => spec(`k${i}`, `K${i}`, m))).size).toBe(0);
  });
});
