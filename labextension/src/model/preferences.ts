/** The settings' values → what the user has chosen; anything else is as by default. */

/** Whether loaded packages may move: "ask" refuses and offers a restart, "restart" restarts the kernel unasked. */
export type LoadedPackages = 'ask' | 'restart';

/** The settings, as the schema of the same names describes them. */
export interface Preferences {
  preview: boolean;
  offerImports: boolean;
  offerEnvironment: boolean;
  askBeforeInstalling: boolean;
  loadedPackages: LoadedPackages;
  offline: boolean;
  /** Folders to search besides those of the server's configuration. */
  roots: string[];
  /** How deep is searched; null leaves it to the server's configuration. */
  depth: number | null;
}

export const DEFAULTS: Preferences = {
  preview: true,
  offerImports: true,
  offerEnvironment: true,
  askBeforeInstalling: false,
  loadedPackages: 'ask',
  offline: false,
  roots: [],
  depth: null
};

/** The preferences that `get` tells, by the names of the settings' schema. */
export function preferencesOf(get: (name: string) => unknown): Preferences {
  const roots = get('discoveryRoots');
  const depth = get('discoveryDepth');
  return {
    preview: get('previewBeforeAdding') !== false,
    offerImports: get('offerMissingImports') !== false,
    offerEnvironment: get('offerEnvironment') !== false,
    askBeforeInstalling: get('askBeforeInstalling') === true,
    loadedPackages: get('loadedPackages') === 'restart' ? 'restart' : 'ask',
    offline: get('offline') === true,
    roots: Array.isArray(roots) ? roots.filter(one => typeof one === 'string') : [],
    depth: typeof depth === 'number' && Number.isInteger(depth) && depth >= 0 ? depth : null
  };
}
