import type { Kernel } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { missingIn } from '../kernels';

/** A kernel whose answer to the one user expression is this; it notes what it was asked. */
function kernel(answer: unknown, asked: Record<string, unknown>[] = []): Kernel.IKernelConnection {
  const requestExecute = (content: Record<string, unknown>) => {
    asked.push(content);
    const reply = { content: { status: 'ok', user_expressions: { answer } } };
    return { done: Promise.resolve(reply), dispose: () => undefined };
  };
  return { requestExecute } as unknown as Kernel.IKernelConnection;
}

function python(document: unknown): unknown {
  const text = JSON.stringify(document).replace(/\\/g, '\\\\').replace(/'/g, "\\'");
  return { status: 'ok', data: { 'text/plain': `'${text}'` } };
}

describe('the package that a kernel lacks', () => {
  it('is told with the whole name of the module', async () => {
    const asked: Record<string, unknown>[] = [];
    const told = { module: 'google.cloud.storage', conda: 'google-cloud-storage', pypi: null };
    expect(await missingIn(kernel(python({ ...told, text: "it's `x`" }), asked))).toEqual(told);
    expect(asked).toMatchObject([{ code: '', silent: true, store_history: false }]);
  });

  it('is none where nothing would help', async () => {
    expect(await missingIn(kernel(python({})))).toBeNull();
  });

  it('is not known where there is no bridge, or an older one', async () => {
    expect(await missingIn(kernel({ status: 'error', ename: 'AttributeError' }))).toBeUndefined();
    expect(await missingIn(kernel(undefined))).toBeUndefined();
  });
});
