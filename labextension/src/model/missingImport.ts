/** A cell's error → the module that could not be imported, and where its package would be written. */

/** The top-level name of the module that an error says is missing; undefined for any other error. */
export function missingModule(name: string, value: string): string | undefined {
  if (name !== 'ModuleNotFoundError' && name !== 'ImportError') {
    return undefined;
  }
  const found = /^No module named '([A-Za-z_][A-Za-z0-9_.]*)'/.exec(value.trim());
  return found?.[1]?.split('.')[0];
}

/**
 * The table of the manifest that an `add` for an environment with these features writes to; undefined where only the
 * engine can tell (an environment without the default feature, a pyproject.toml with its own tables for PyPI).
 */
export function tableFor(
  file: string,
  features: readonly string[] | undefined,
  pypi: boolean
): string | undefined {
  if (file !== 'pixi.toml' || !features?.includes('default')) {
    return undefined;
  }
  return pypi ? '[pypi-dependencies]' : '[dependencies]';
}
