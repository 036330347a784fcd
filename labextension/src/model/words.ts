/** States, results and changes → words for people. */

import type { State } from './kernels';
import type { Result } from './operation';
import type { PlannedKind } from './plan';

/** Translates texts with numbered places, as JupyterLab's bundles do, whose name for it tools look for. */
export interface Translate {
  __(text: string, ...values: (string | number)[]): string;
}

/** A state in words for people. */
export function stateWord(state: State, trans: Translate): string {
  switch (state) {
    case 'ready':
      return trans.__('ready');
    case 'not-installed':
      return trans.__('not installed');
    case 'out-of-date':
      return trans.__('out of date');
    case 'not-locked':
      return trans.__('not locked');
    case 'cannot-run':
      return trans.__('cannot run here');
    case 'broken':
      return trans.__('broken');
    case 'untrusted':
      return trans.__('not trusted');
  }
}

/** The headline of an operation that is done. */
export function resultText(result: Result | null, trans: Translate): string {
  if (result?.message) {
    return result.message;
  }
  switch (result?.kind) {
    case 'install':
    case 'reinstall':
      return trans.__('Installed: %1', result.environments.join(', '));
    case 'prepare':
      return trans.__('The environment is ready');
    case 'lock':
    case 'update':
    case 'change':
      return result.changed
        ? trans.__('The lock file is updated')
        : trans.__('The lock file was up to date');
    default:
      return trans.__('Done');
  }
}

/** How a package changes. */
export function kindWord(kind: PlannedKind, trans: Translate): string {
  switch (kind) {
    case 'added':
      return trans.__('added');
    case 'removed':
      return trans.__('removed');
    case 'up':
      return trans.__('newer');
    case 'down':
      return trans.__('older');
    case 'rebuilt':
      return trans.__('other build');
    case 'changed':
      return trans.__('changed');
  }
}

/** The same as one sign, which only helps the eye. */
export const KIND_MARKS: Readonly<Record<PlannedKind, string>> = {
  added: '+',
  removed: '−',
  up: '↑',
  down: '↓',
  rebuilt: '↻',
  changed: '~'
};
