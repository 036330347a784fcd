/** The answer to a preview → what would be added, moved and removed, on which platforms, and how much is fetched. */

import { type Change, kindOfChange, withoutBuilds } from './operation';
import type { Event } from './fold';
import { number, record, records, text, texts } from './untrusted';

/** How a package changes. "changed" stands where nobody said which of the two versions is newer. */
export type PlannedKind = 'added' | 'removed' | 'up' | 'down' | 'rebuilt' | 'changed';

/** One row of a preview: a package with the places where it changes so. */
export interface PlannedChange extends Change {
  kind: PlannedKind;
  /** The platforms of the environment at hand; of other environments if it changes only in those. */
  platforms: string[];
  /** The environments, the one at hand first. */
  environments: string[];
  /** Whether the calling kernel has it loaded. */
  loaded: boolean;
}

/** What an install would fetch; `unknown` packages have no size in the lock file. */
export interface Download {
  packages: number;
  bytes: number;
  unknown: number;
}

/** What an operation would do, as its preview shows it. */
export interface Plan {
  /** The environment that would be installed, if one would. */
  environment: string | null;
  /** Its rows: what was asked for first. */
  own: PlannedChange[];
  /** What changes in other environments only. */
  others: PlannedChange[];
  /** All platforms on which something changes, in the order in which they are told. */
  platforms: string[];
  download: Download | null;
  /** The lines of the manifest that would be written. */
  written: string[];
  /** What the engine says of it. */
  notes: string[];
}

type Place = readonly [environment: string | null, platform: string | null];

const KINDS: ReadonlySet<string> = new Set<PlannedKind>([
  'added',
  'removed',
  'up',
  'down',
  'rebuilt'
]);

/** The plan that a preview's document holds; `shown` is the environment that the user looks at. */
export function planOf(data: Event, shown: string | null = null): Plan {
  const environment = text(data['environment']) ?? shown;
  const platform = text(data['platform']);
  const preview = record(data['preview']);
  const loaded = new Set(texts(preview?.['loaded']));
  const found = new Map<string, { row: Event; change: Change; places: Place[] }>();
  const take = (row: Event, place: Place) => {
    const change = changeOf(row);
    const key = [change.type, change.name, change.before, change.after].join(' ');
    const known = found.get(key) ?? { row, change, places: [] };
    known.change.explicit ||= change.explicit;
    known.places.push(place);
    found.set(key, known);
  };
  records(data['changes']).forEach(row => {
    take(row, [environment, platform]);
  });
  records(data['others']).forEach(row => {
    take(row, [text(row['environment']), text(row['platform'])]);
  });
  diffRows(data['diff']).forEach(([where, on, row]) => {
    take(row, [where, on]);
  });
  const rows = [...found.values()]
    .map(({ row, change, places }): PlannedChange => {
      const mine = places.filter(([where]) => where === environment);
      const shownPlaces = mine.length ? mine : places;
      return {
        ...change,
        kind: kindOf(row, change),
        platforms: unique(shownPlaces.map(([, on]) => on)),
        environments: unique([...mine, ...places].map(([where]) => where)),
        loaded: loaded.has(change.name)
      };
    })
    .sort((a, b) => Number(b.explicit) - Number(a.explicit) || a.name.localeCompare(b.name));
  const isOwn = (row: PlannedChange) =>
    environment === null || (row.environments[0] ?? environment) === environment;
  return {
    environment,
    own: rows.filter(isOwn),
    others: rows.filter(row => !isOwn(row)),
    platforms: unique(rows.flatMap(row => row.platforms)),
    download: downloadOf(preview?.['download']),
    written: records(data['written'])
      .map(row => text(row['text']) ?? '')
      .filter(line => line),
    notes: (text(data['message']) ?? '').split('\n').slice(1)
  };
}

/** A change of a result's document, its versions as people compare them. */
export function changeOf(row: Event): Change {
  return {
    name: text(row['name']) ?? '',
    ...versions(row),
    type: text(row['type']) ?? '',
    explicit: row['explicit'] === true
  };
}

/** The rows of Pixi's `--json` difference, each with its environment and platform. */
export function diffRows(diff: unknown): [string, string, Event][] {
  const environments = record(record(diff)?.['environment']) ?? {};
  return Object.entries(environments).flatMap(([environment, platforms]) =>
    Object.entries(record(platforms) ?? {}).flatMap(([platform, rows]) =>
      records(rows).map((row): [string, string, Event] => [environment, platform, row])
    )
  );
}

function kindOf(row: Event, change: Change): PlannedKind {
  const told = text(row['kind']);
  if (told !== null && KINDS.has(told)) {
    return told as PlannedKind;
  }
  const kind = kindOfChange(change);
  const same = change.before?.split(' ')[0] === change.after?.split(' ')[0];
  return kind === 'changed' && same ? 'rebuilt' : kind;
}

function unique(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter(one => one !== null))];
}

function downloadOf(value: unknown): Download | null {
  const data = record(value);
  const [packages, bytes] = [number(data?.['packages']), number(data?.['bytes'])];
  if (packages === null || bytes === null) {
    return null;
  }
  return { packages, bytes, unknown: number(data?.['unknown']) ?? 0 };
}

function version(value: unknown): string | null {
  return text(value) ?? text(record(value)?.['version']);
}

function versions(row: Event): { before: string | null; after: string | null } {
  return withoutBuilds(version(row['before']), version(row['after']));
}
