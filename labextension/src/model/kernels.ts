/**
 * Kernelspecs as the server lists them → the environment each one stands for, with state and reason.
 *
 * Plain data in, plain data out: nothing of JupyterLab is imported here.
 */

/** The key under which this package's kernelspecs keep their metadata. */
export const METADATA_KEY = 'jupyter-pixi';

/** What a state says of an environment; the words are those of `jupyter pixi status`. */
export type State =
  'ready' | 'not-installed' | 'out-of-date' | 'not-locked' | 'cannot-run' | 'broken' | 'untrusted';

/** One kernel of one environment of a workspace. */
export interface EnvironmentKernel {
  name: string;
  displayName: string;
  state: State;
  reason: string;
}

/** The part of a kernelspec that is read here. */
export interface SpecLike {
  name: string;
  display_name: string;
  metadata?: unknown;
}

const STATES: ReadonlySet<string> = new Set<State>([
  'ready',
  'not-installed',
  'out-of-date',
  'not-locked',
  'cannot-run',
  'broken',
  'untrusted'
]);

/** The environments' kernels among all kernelspecs, by display name (which is what a launcher card shows). */
export function environmentKernels(
  specs: Iterable<SpecLike | undefined>
): Map<string, EnvironmentKernel> {
  const found = new Map<string, EnvironmentKernel>();
  for (const spec of specs) {
    const kernel = spec && environmentKernel(spec);
    if (kernel) {
      found.set(kernel.displayName, kernel);
    }
  }
  return found;
}

/** Whether starting this kernel gives the rescue kernel instead of the environment. */
export function isUnavailable(kernel: EnvironmentKernel): boolean {
  return kernel.state === 'cannot-run' || kernel.state === 'broken';
}

/** What a card says when pointed at: the name, and the reason on a line of its own. */
export function describe(kernel: EnvironmentKernel): string {
  return kernel.reason ? `${kernel.displayName}\n${kernel.reason}` : kernel.displayName;
}

function environmentKernel(spec: SpecLike): EnvironmentKernel | undefined {
  const ours = field(spec.metadata, METADATA_KEY);
  const state = field(ours, 'state');
  if (typeof state !== 'string' || !STATES.has(state)) {
    return undefined;
  }
  const reason = field(ours, 'reason');
  return {
    name: spec.name,
    displayName: spec.display_name,
    state: state as State,
    reason: typeof reason === 'string' ? reason : ''
  };
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
