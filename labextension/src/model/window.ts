/** A long list and how far it is scrolled → the part of it that has to be drawn. */

export interface Window {
  /** The first row to draw. */
  first: number;
  /** One past the last. */
  end: number;
  /** Pixels of nothing above and below, so that the scroll bar tells the whole. */
  above: number;
  below: number;
}

/** Rows of one height each; `spare` are drawn beyond both edges. All measures in pixels. */
export function visible(
  count: number,
  height: number,
  scrolled: number,
  room: number,
  spare = 8
): Window {
  const first = Math.min(Math.max(0, Math.floor(scrolled / height) - spare), count);
  const end = Math.min(count, Math.ceil((scrolled + room) / height) + spare);
  return { first, end, above: first * height, below: Math.max(0, count - end) * height };
}
