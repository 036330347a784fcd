/** A workspace's details → what the rows and tables of the panel say. */

import type { Dependency, Detail } from './rest';

/** What is asked for and locked on one platform (or the first there is), and whether other platforms differ. */
export function here(
  dependency: Dependency,
  platform: string | null
): { requested: string; locked: string | null; differs: boolean } {
  const { requested, locked } = dependency;
  const first = Object.keys(requested)[0] ?? '';
  const shown = platform !== null && platform in requested ? platform : first;
  const versions = new Set(Object.values(locked));
  const specs = new Set(Object.values(requested));
  return {
    requested: requested[shown] ?? '',
    locked: locked[shown] ?? null,
    differs: versions.size > 1 || specs.size > 1
  };
}

/** The locked versions of a dependency in all environments that ask for it: rows by environment. */
export function versionsOf(
  detail: Detail | null,
  dependency: Dependency
): { environments: string[]; platforms: string[]; cells: (string | null)[][] } {
  const asking = (detail?.environments ?? []).flatMap(environment => {
    const found = environment.dependencies.find(
      one => one.name === dependency.name && one.type === dependency.type
    );
    return found ? [{ name: environment.name, locked: found.locked }] : [];
  });
  const known = (detail?.platforms ?? []).map(one => one.name);
  const platforms = known.filter(one => asking.some(row => one in row.locked));
  return {
    environments: asking.map(row => row.name),
    platforms,
    cells: asking.map(row => platforms.map(one => row.locked[one] ?? null))
  };
}

/** The packages whose name holds a text. */
export function filtered<T extends { name: string }>(all: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  return all.filter(one => one.name.toLowerCase().includes(wanted));
}
