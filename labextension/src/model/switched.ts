/** What a cell shows of an operation → the kernel that it asked its notebook to go on with, if it was a switch. */

/** The name of the kernelspec; undefined for any other operation, and for a switch that failed or moves nothing. */
export function switchedTo(document: unknown): string | undefined {
  const { state, effects } = table(document);
  const { kernel } = table(effects);
  return state === 'done' && typeof kernel === 'string' && kernel.startsWith('pixi.')
    ? kernel
    : undefined;
}

function table(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
