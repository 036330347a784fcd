/** A page's launcher cards + the environments' kernels → cards that show which kernels cannot run, and why. */

import { type EnvironmentKernel, describe, isUnavailable } from './model/kernels';

/** The class of a card whose environment cannot run on this machine. */
export const UNAVAILABLE_CLASS = 'jp-pixi-mod-unavailable';

const CARD = '.jp-LauncherCard';
const NAME = 'pixiKernel';
const TITLE = 'pixiTitle';

/**
 * Marks every card below `root` that belongs to an environment's kernel.
 *
 * A card's title is its kernel's display name. The launcher is drawn by React, which leaves alone what is added
 * here until the name changes; so the title that was written is remembered, and a different one is React's.
 */
export function markCards(root: ParentNode, kernels: ReadonlyMap<string, EnvironmentKernel>): void {
  for (const card of root.querySelectorAll<HTMLElement>(CARD)) {
    const written = card.dataset[TITLE];
    const label = written !== undefined && written === card.title ? card.dataset[NAME] : card.title;
    const kernel = label === undefined ? undefined : kernels.get(label);
    if (kernel) {
      mark(card, kernel);
    } else if (written !== undefined) {
      unmark(card, label ?? card.title);
    }
  }
}

function mark(card: HTMLElement, kernel: EnvironmentKernel): void {
  const title = describe(kernel);
  card.classList.toggle(UNAVAILABLE_CLASS, isUnavailable(kernel));
  if (card.title !== title) {
    card.title = title;
  }
  card.dataset[NAME] = kernel.displayName;
  card.dataset[TITLE] = title;
  card.setAttribute('aria-description', kernel.reason);
}

function unmark(card: HTMLElement, label: string): void {
  card.classList.remove(UNAVAILABLE_CLASS);
  card.title = label;
  card.removeAttribute('aria-description');
  // Not `delete`: a data attribute that is gone reads as undefined either way.
  card.removeAttribute('data-pixi-kernel');
  card.removeAttribute('data-pixi-title');
}
