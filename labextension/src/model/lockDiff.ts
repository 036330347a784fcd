/** The rows of a lock's difference → groups: places in which exactly the same changed are told once. */

import type { DiffRow } from './rest';

/** Changes that are the same in several places. */
export interface Group {
  /** "environment · platform" of each place. */
  places: string[];
  rows: DiffRow[];
}

/** The groups, in the order of their first places; within a group, what was asked for comes first. */
export function groups(rows: readonly DiffRow[]): Group[] {
  const byPlace = new Map<string, DiffRow[]>();
  for (const row of rows) {
    const place = `${row.environment} / ${row.platform}`;
    const known = byPlace.get(place);
    if (known) {
      known.push(row);
    } else {
      byPlace.set(place, [row]);
    }
  }
  const found = new Map<string, Group>();
  for (const [place, own] of byPlace) {
    const key = JSON.stringify(
      own.map(one => [one.type, one.name, one.kind, one.before, one.after, one.explicit])
    );
    const known = found.get(key);
    if (known) {
      known.places.push(place);
    } else {
      const sorted = [...own].sort(
        (a, b) => Number(b.explicit) - Number(a.explicit) || a.name.localeCompare(b.name)
      );
      found.set(key, { places: [place], rows: sorted });
    }
  }
  return [...found.values()];
}
