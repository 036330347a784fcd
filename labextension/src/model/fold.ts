/** An operation's events, one after the other → the operation as views show it. */

import type { Change, Failure, Operation, Phase, Result, Written } from './operation';
import { changeOf, diffRows } from './plan';
import { number, record, records, text, texts } from './untrusted';

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

/** A command as people know it: without the manifest, which they are looking at, and how it was carried out. */
export function shown(command: readonly string[]): string[] {
  return command.filter(
    (word, at) =>
      !/^(--manifest-path(=.*)?|-m|--restart|--offline)$/.test(word) &&
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
  const message = (text(data['message']) ?? '').split('\n');
  const written: Written[] = records(data['written']).map(row => ({
    file: below(operation.manifest, text(row['file']) ?? ''),
    line: number(row['line']),
    text: text(row['text']) ?? ''
  }));
  const result: Result = {
    message: message[0] ?? '',
    kind: text(data['kind']) ?? '',
    environments: Object.keys(record(data['environments']) ?? {}),
    changed: data['changed'] === true || changes.length > 0,
    changes: changes.slice(0, 100),
    written,
    restart: data['restart_requested'] ? [] : texts(data['restart']), // else it starts again by itself
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

/** The changes of a result's document, of the asking environment first; each package once. */
function changesOf(data: Event): Change[] {
  const rows = [
    ...records(data['changes']),
    ...records(data['others']),
    ...diffRows(data['diff']).map(([, , row]) => row)
  ];
  const found = new Map<string, Change>();
  for (const one of rows.map(changeOf)) {
    const key = [one.type, one.name, one.before, one.after].join(' ');
    if (!found.has(key)) {
      found.set(key, one);
    }
  }
  return [...found.values()];
}

/** A file's path as seen from the workspace's folder. */
export function below(manifest: string | null, file: string): string {
  const root = manifest?.slice(0, manifest.lastIndexOf('/') + 1);
  return root && file.startsWith(root) ? file.slice(root.length) : file;
}
