/** States → words for people. */

import type { State } from './kernels';

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
