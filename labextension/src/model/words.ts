/** States, results and changes → words for people. */

import type { State } from './kernels';
import type { Result } from './operation';
import type { PlannedKind } from './plan';

/** Translates a text with numbered places. */
export type Translate = (text: string, ...values: (string | number)[]) => string;

/** A state in words for people. */
export function stateWord(state: State, trans: Translate): string {
  switch (state) {
    case 'ready':
      return trans('ready');
    case 'not-installed':
      return trans('not installed');
    case 'out-of-date':
      return trans('out of date');
    case 'not-locked':
      return trans('not locked');
    case 'cannot-run':
      return trans('cannot run here');
    case 'broken':
      return trans('broken');
    case 'untrusted':
      return trans('not trusted');
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
      return trans('Installed: %1', result.environments.join(', '));
    case 'prepare':
      return trans('The environment is ready');
    case 'lock':
    case 'update':
    case 'change':
      return result.changed
        ? trans('The lock file is updated')
        : trans('The lock file was up to date');
    default:
      return trans('Done');
  }
}

/** How a package changes. */
export function kindWord(kind: PlannedKind, trans: Translate): string {
  switch (kind) {
    case 'added':
      return trans('added');
    case 'removed':
      return trans('removed');
    case 'up':
      return trans('newer');
    case 'down':
      return trans('older');
    case 'rebuilt':
      return trans('other build');
    case 'changed':
      return trans('changed');
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
