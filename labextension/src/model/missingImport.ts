/** A cell's error → the module that could not be imported. */

/** The top-level name of the module that an error says is missing; undefined for any other error. */
export function missingModule(name: string, value: string): string | undefined {
  if (name !== 'ModuleNotFoundError' && name !== 'ImportError') {
    return undefined;
  }
  const found = /^No module named '([A-Za-z_][A-Za-z0-9_.]*)'/.exec(value.trim());
  return found?.[1]?.split('.')[0];
}
