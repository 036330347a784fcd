/** A notebook's place and kernel → the environments of its workspace that it could run in. */

import type { State } from './kernels';
import type { Workspace } from './rest';

/** An environment that a notebook is offered. */
export interface Choice {
  environment: string;
  /** What comes before its kernel: nothing, an install, or the user's agreement. */
  first: 'nothing' | 'install' | 'trust';
}

/** The environments of a workspace that a notebook may be moved to. */
export interface EnvironmentOffer {
  workspace: Workspace;
  /** Those that can run here, the ones that start at once first. */
  choices: Choice[];
}

/** The kernel's names for which an offer is made: a notebook that asked for nothing in particular. */
const PLAIN: ReadonlySet<string> = new Set(['', 'python3', 'python']);

/**
 * What a notebook is offered; undefined if it lies in no workspace, runs on a kernel of its own choice, or there is
 * nothing to run it on. `path` is that of the file browser, `kernel` the name of its kernel, `hasKernel` tells whether
 * an environment of a workspace has a kernel to start.
 */
export function environmentOffer(
  path: string,
  kernel: string,
  workspaces: readonly Workspace[],
  hasKernel: (manifest: string, environment: string) => boolean
): EnvironmentOffer | undefined {
  const workspace = workspaceOf(path, workspaces);
  if (!workspace || !PLAIN.has(kernel)) {
    return undefined;
  }
  const choices = workspace.environments
    .filter(one => one.state !== 'cannot-run' && one.state !== 'broken')
    .filter(one => hasKernel(workspace.manifest, one.name))
    .map((one): Choice => ({ environment: one.name, first: firstOf(one.state, workspace.trusted) }))
    .sort((a, b) => Number(b.first === 'nothing') - Number(a.first === 'nothing'));
  return choices.length ? { workspace, choices } : undefined;
}

function firstOf(state: State, trusted: boolean): Choice['first'] {
  return !trusted ? 'trust' : state === 'ready' ? 'nothing' : 'install';
}

/** The workspace that holds a file: the innermost one. */
export function workspaceOf(path: string, workspaces: readonly Workspace[]): Workspace | undefined {
  const holding = workspaces.filter(
    one => one.path !== null && (one.path === '' || path.startsWith(`${one.path}/`))
  );
  return holding.sort((a, b) => (b.path ?? '').length - (a.path ?? '').length)[0];
}
