/** A notebook's kernel → which environment it runs in, what it has loaded, and a refresh after a change. */

import type { Kernel, KernelSpec } from '@jupyterlab/services';

const PATIENCE = 8000; // milliseconds that a busy kernel is waited for

/** A kernel did not answer in time, for it runs a cell. */
export class KernelBusy extends Error {}

/** Whether a kernel only stands in for that of an environment that could not start. */
export async function isRescue(kernel: Kernel.IKernelConnection): Promise<boolean> {
  return (await kernel.info).implementation === 'jupyter-pixi-rescue';
}

/** The environment of a kernel. */
export interface Where {
  manifest: string;
  environment: string;
  kernelName: string;
}

/** The environment that a kernelspec stands for; of several clones, the one that holds `folder`. */
export function whereOf(
  name: string | undefined,
  specs: KernelSpec.ISpecModels | null,
  manifests: readonly string[]
): Where | undefined {
  const ours = name ? ours_(specs?.kernelspecs[name]?.metadata) : undefined;
  if (!name || !ours) {
    return undefined;
  }
  const manifest = ours.manifests.find(one => manifests.includes(one)) ?? ours.manifests[0];
  return manifest ? { manifest, environment: ours.environment, kernelName: name } : undefined;
}

/** The kernelspec that starts an environment of a workspace, if it has a kernel. */
export function kernelOf(
  specs: KernelSpec.ISpecModels | null,
  manifest: string,
  environment: string
): string | undefined {
  const found = Object.values(specs?.kernelspecs ?? {}).filter(spec => {
    const ours = ours_(spec?.metadata);
    return ours?.environment === environment && ours.manifests.includes(manifest);
  });
  // A clone's own name leaves no doubt about which one is meant.
  found.sort((a, b) => manifestsOf(a).length - manifestsOf(b).length);
  return found[0]?.name;
}

/** What a kernel has loaded, for the engine; undefined where it has no bridge. Fails with KernelBusy if the kernel stays busy. */
export function callerOf(kernel: Kernel.IKernelConnection): Promise<unknown> {
  return ask(kernel, 'caller()');
}

/**
 * The package that the kernel's last cell failed to import from, null where none is known to help; undefined where the
 * kernel has no bridge that tells. Fails with KernelBusy.
 */
export async function missingIn(
  kernel: Kernel.IKernelConnection
): Promise<Provided | null | undefined> {
  const answer = (await ask(kernel, 'missing')) as Record<string, unknown> | undefined;
  if (answer === undefined) {
    return undefined;
  }
  const { module, conda, pypi } = answer;
  return typeof module === 'string' ? { module, conda: text(conda), pypi: text(pypi) } : null;
}

/** A module, and the packages that provide it. */
export interface Provided {
  module: string;
  conda: string | null;
  pypi: string | null;
}

/** What the bridge of a kernel answers, without a trace in the notebook. */
async function ask(kernel: Kernel.IKernelConnection, what: string): Promise<unknown> {
  const answer = `__import__('json').dumps(get_ipython().find_line_magic('pixi').bridge.${what})`;
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    user_expressions: { answer }
  });
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    timer = window.setTimeout(() => {
      reject(new KernelBusy());
    }, PATIENCE);
  });
  try {
    const reply = await Promise.race([future.done, late]);
    const content = reply.content as { user_expressions?: Record<string, unknown> };
    const found = content.user_expressions?.['answer'] as
      { status?: string; data?: Record<string, unknown> } | undefined;
    const shown = found?.status === 'ok' ? found.data?.['text/plain'] : undefined;
    return typeof shown === 'string' ? JSON.parse(unquoted(shown)) : undefined;
  } finally {
    window.clearTimeout(timer);
    future.dispose();
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Let a kernel see what was changed in its prefix: import caches, `.pth` files, activation. */
export async function refresh(
  kernel: Kernel.IKernelConnection,
  result: unknown,
  activation: unknown
): Promise<void> {
  const change = JSON.stringify(
    JSON.stringify({ ...(result as object | undefined), activation: activation ?? null })
  );
  const code = `get_ipython().find_line_magic('pixi').bridge.refresh(__import__('json').loads(${ascii(change)}))`;
  const future = kernel.requestExecute({ code, silent: true, store_history: false });
  await future.done;
}

function ours_(metadata: unknown): { manifests: string[]; environment: string } | undefined {
  const found = (metadata as Record<string, unknown> | undefined)?.['jupyter-pixi'] as
    { manifests?: unknown; environment?: unknown } | undefined;
  if (!Array.isArray(found?.manifests) || typeof found.environment !== 'string') {
    return undefined;
  }
  return { manifests: found.manifests.map(String), environment: found.environment };
}

function manifestsOf(spec: KernelSpec.ISpecModel | undefined): string[] {
  return ours_(spec?.metadata)?.manifests ?? [];
}

/** The text of a Python string as `repr` shows it. */
function unquoted(repr: string): string {
  const quote = repr[0];
  const inner = repr.slice(1, -1);
  return inner.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)/gs, (_, escape: string) => {
    if (escape.length > 1) {
      return String.fromCodePoint(parseInt(escape.slice(1), 16));
    }
    return { n: '\n', r: '\r', t: '\t' }[escape] ?? (escape === quote ? quote : escape);
  });
}

/** JSON's text with everything beyond ASCII escaped: valid in any source encoding. */
function ascii(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    character => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0')
  );
}
