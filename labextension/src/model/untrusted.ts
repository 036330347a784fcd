/** JSON that somebody else wrote → values of the wanted type, or nothing. */

/** An object that is no array. */
export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The records in a list. */
export function records(value: unknown): Record<string, unknown>[] {
  const items: unknown[] = Array.isArray(value) ? value : [];
  return items.map(record).filter(one => one !== undefined);
}

/** A text. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A number that can be counted with. */
export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The texts in a list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : [];
}
