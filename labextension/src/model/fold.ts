/** An operation's events, one after the other → the operation as views show it. */

import type { Change, Failure, Operation, Phase, Result, Written } from './operation';

/** An event as the server tells it: its kind under `event`. */
export type Event = Readonly<Record<string, unknown>>;

/** The operation before it said anything. */
export function begin(id: string, manifest: string, command: string[] = []): Operation {
  return {
    id,
    command,
    manifest,
    environment: null,
    state: 'running',
    started: null,
    ended: null,
    phases: [],
    current: null,
    notes: [],
    warnings: [],
    result: null,
    error: null
  };
}

/** A command as people know it: without the manifest, which they are looking at. */
export function shown(command: readonly string[]): string[] {
  return command.filter(
    (word, at) =>
      !/^(--manifest-path(=.*)?|-m)$/.test(word) &&
      !/^(--manifest-path|-m)$/.test(command[at - 1] ?? '')
  );
}

/** All events of an operation at once. */
export function foldAll(id: string, manifest: string, events: readonly Event[]): Operation {
  return events.reduce<Operation>(fold, begin(id, manifest));
}

/** The operation after one more event; kinds that are not known change nothing. */
export function fold(operation: Operation, event: Event): Operation {
  switch (event['event']) {
    case 'started':
      return {
        ...operation,
        command: shown(texts(event['command'])),
        environment: text(event['environment']),
        started: number(event['time'])
      };
    case 'phase':
      return withPhase(operation, {
        phase: text(event['phase']) ?? '',
        title: text(event['title']) ?? text(event['phase']) ?? '',
        done: 0,
        total: number(event['total']),
        item: null,
        bytesDone: null,
        bytesTotal: null,
        finished: false
      });
    case 'progress':
      return withProgress(operation, event);
    case 'warning':
      return { ...operation, warnings: [...operation.warnings, text(event['text']) ?? ''] };
    case 'note':
      return { ...operation, notes: [...operation.notes, text(event['text']) ?? ''] };
    case 'result':
      return done(operation, event);
    case 'failed':
      return {
        ...operation,
        state: event['code'] === 'interrupted' ? 'interrupted' : 'failed',
        ended: number(event['time']),
        current: null,
        error: failure(event)
      };
    default:
      return operation;
  }
}

/** The changes of a result's document, of the asking environment first; each package once. */
export function changesOf(data: Event): Change[] {
  const rows = [...records(data['changes']), ...records(data['others']), ...ofDiff(data['diff'])];
  const found = new Map<string, Change>();
  for (const row of rows) {
    const one: Change = {
      name: text(row['name']) ?? '',
      ...versions(row),
      type: text(row['type']) ?? '',
      explicit: row['explicit'] === true
    };
    const key = [one.type, one.name, one.before, one.after].join(' ');
    if (!found.has(key)) {
      found.set(key, one);
    }
  }
  return [...found.values()];
}

/** One row of a preview: a package with the platforms where it changes so. */
export interface PlannedChange extends Change {
  platforms: string[];
}

/** The changes of a preview, with where each happens. */
export function planned(data: Event): PlannedChange[] {
  const own = text(data['platform']);
  const found = new Map<string, PlannedChange>();
  const take = (row: Event, platform: string | null) => {
    const one = {
      name: text(row['name']) ?? '',
      ...versions(row),
      type: text(row['type']) ?? '',
      explicit: row['explicit'] === true,
      platforms: [] as string[]
    };
    const key = [one.type, one.name, one.before, one.after].join(' ');
    const known = found.get(key) ?? one;
    if (platform && !known.platforms.includes(platform)) {
      known.platforms.push(platform);
    }
    found.set(key, known);
  };
  records(data['changes']).forEach(row => {
    take(row, own);
  });
  records(data['others']).forEach(row => {
    take(row, text(row['platform']));
  });
  for (const [platform, row] of diffRows(data['diff'])) {
    take(row, platform);
  }
  return [...found.values()].sort(
    (a, b) => Number(b.explicit) - Number(a.explicit) || a.name.localeCompare(b.name)
  );
}

function withPhase(operation: Operation, phase: Phase): Operation {
  const phases = [...operation.phases.map(one => ({ ...one, finished: true })), phase];
  return { ...operation, phases, current: phases.length - 1 };
}

function withProgress(operation: Operation, event: Event): Operation {
  const name = text(event['phase']) ?? '';
  let at = operation.phases.map(one => one.phase).lastIndexOf(name);
  let base = operation;
  if (at < 0) {
    base = fold(operation, { event: 'phase', phase: name });
    at = base.phases.length - 1;
  }
  const phases = base.phases.map((one, index) =>
    index === at
      ? {
          ...one,
          done: number(event['done']) ?? one.done,
          total: number(event['total']) ?? one.total,
          item: text(event['item']) ?? one.item,
          bytesDone: number(event['bytes_done']) ?? one.bytesDone,
          bytesTotal: number(event['bytes_total']) ?? one.bytesTotal
        }
      : one
  );
  return { ...base, phases, current: at };
}

function done(operation: Operation, event: Event): Operation {
  const data = record(event['data']) ?? {};
  const changes = changesOf(data);
  const message = (text(data['message']) || summary(data, changes)).split('\n');
  const written: Written[] = records(data['written']).map(row => ({
    file: below(operation.manifest, text(row['file']) ?? ''),
    line: number(row['line']),
    text: text(row['text']) ?? ''
  }));
  const result: Result = {
    message: message[0] ?? '',
    changes: changes.slice(0, 100),
    written,
    restart: texts(data['restart']),
    leftOut: Math.max(0, changes.length - 100)
  };
  return {
    ...operation,
    state: 'done',
    ended: number(event['time']),
    current: null,
    notes: [...message.slice(1), ...operation.notes],
    environment: text(data['environment']) ?? operation.environment,
    result
  };
}

function summary(data: Event, changes: Change[]): string {
  switch (data['kind']) {
    case 'install':
    case 'reinstall':
      return `Installed: ${Object.keys(record(data['environments']) ?? {}).join(', ')}`;
    case 'prepare':
      return `Ready: ${text(data['environment']) ?? ''}`;
    case 'lock':
    case 'update':
    case 'upgrade':
      return data['changed'] === true || changes.length
        ? 'The lock file is updated'
        : 'The lock file was up to date';
    default:
      return '';
  }
}

function failure(event: Event): Failure {
  const parts = [text(event['file']), number(event['line']), number(event['column'])];
  const end = parts.indexOf(null);
  const place = end === -1 ? parts : parts.slice(0, end);
  return {
    text: text(event['text']) ?? '',
    help: text(event['help']),
    place: place.length ? place.join(':') : null
  };
}

function ofDiff(diff: unknown): Event[] {
  return diffRows(diff).map(([, row]) => row);
}

/** The rows of Pixi's `--json` difference, each with its platform. */
function diffRows(diff: unknown): [string, Event][] {
  const environments = record(record(diff)?.['environment']) ?? {};
  return Object.values(environments).flatMap(platforms =>
    Object.entries(record(platforms) ?? {}).flatMap(([platform, rows]) =>
      records(rows).map((row): [string, Event] => [platform, row])
    )
  );
}

function version(value: unknown): string | null {
  return text(value) ?? text(record(value)?.['version']);
}

/** Version and build, before and after: the builds only where the version stays. */
function versions(row: Event): { before: string | null; after: string | null } {
  const before = version(row['before']);
  const after = version(row['after']);
  const [one, two] = [before?.split(' ')[0] ?? null, after?.split(' ')[0] ?? null];
  return one === two ? { before, after } : { before: one, after: two };
}

/** A file's path as seen from the workspace's folder. */
function below(manifest: string | null, file: string): string {
  const root = manifest?.slice(0, manifest.lastIndexOf('/') + 1);
  return root && file.startsWith(root) ? file.slice(root.length) : file;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function records(value: unknown): Record<string, unknown>[] {
  const items: unknown[] = Array.isArray(value) ? value : [];
  return items.map(record).filter(one => one !== undefined);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : [];
}
