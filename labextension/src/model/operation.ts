/**
 * An operation's output document (`application/vnd.jupyter-pixi.operation+json`) → what a cell shows of it.
 *
 * The document comes from a notebook, so anything may be in it: `parse` takes what is well-formed and leaves out
 * the rest. Its format is told in `jupyter_pixi/kernels/bridge/operation.py`. Nothing of JupyterLab is imported here.
 */

import { number, record, records, text, texts } from './untrusted';

export const MIME_TYPE = 'application/vnd.jupyter-pixi.operation+json';

export type OperationState = 'running' | 'done' | 'failed' | 'interrupted';

/** A stretch of work, and how far it is: steps and bytes, where they are known. */
export interface Phase {
  phase: string;
  title: string;
  done: number;
  total: number | null;
  item: string | null;
  bytesDone: number | null;
  bytesTotal: number | null;
  finished: boolean;
}

/** A package that moved; `before` or `after` is null where it was not, or is not there any more. */
export interface Change {
  name: string;
  before: string | null;
  after: string | null;
  type: string;
  explicit: boolean;
}

/** A line that was written into the manifest. */
export interface Written {
  file: string;
  line: number | null;
  text: string;
}

/** What came of an operation that succeeded. */
export interface Result {
  /** The sentence that the engine tells; empty where it tells only data. */
  message: string;
  /** What kind of result it is: "change", "install", "lock" … */
  kind: string;
  /** The environments that were installed. */
  environments: string[];
  /** Whether anything is other than before. */
  changed: boolean;
  changes: Change[];
  written: Written[];
  restart: string[];
  leftOut: number;
}

/** Why an operation failed, what to do, and where (`file:line:column`). */
const NOTHING: Result = {
  message: '',
  kind: '',
  environments: [],
  changed: false,
  changes: [],
  written: [],
  restart: [],
  leftOut: 0
};

export interface Failure {
  text: string;
  help: string | null;
  place: string | null;
}

/** An operation as far as its events have told it. Times are seconds since the epoch. */
export interface Operation {
  id: string | null;
  command: string[];
  manifest: string | null;
  environment: string | null;
  state: OperationState;
  started: number | null;
  ended: number | null;
  phases: Phase[];
  current: number | null;
  notes: string[];
  warnings: string[];
  result: Result | null;
  error: Failure | null;
}

/** The operation that a document describes; undefined if it is none, or of a newer format. */
export function parse(document: unknown): Operation | undefined {
  const data = record(document);
  const state = data && text(data['state']);
  if (!data || data['version'] !== 1 || !isState(state)) {
    return undefined;
  }
  return {
    id: text(data['operation']),
    command: texts(data['command']),
    manifest: text(data['manifest']),
    environment: text(data['environment']),
    state,
    started: number(data['started']),
    ended: number(data['ended']),
    phases: list(data['phases'], phase),
    current: number(data['current']),
    notes: texts(data['notes']),
    warnings: list(data['warnings'], warning => text(warning['text']) ?? undefined),
    result: result(data['result']),
    error: failure(data['error'])
  };
}

/** How far the present phase is. `fraction` is undefined where nobody knows. */
export interface Progress {
  title: string;
  fraction: number | undefined;
  done: number;
  total: number | null;
  item: string | null;
  bytes: string | null;
}

/** The progress to show, or undefined when there is none (any more). */
export function progress(operation: Operation): Progress | undefined {
  const phase = operation.current === null ? undefined : operation.phases[operation.current];
  if (operation.state !== 'running' || !phase) {
    return undefined;
  }
  const { bytesDone, bytesTotal, done, total } = phase;
  let fraction: number | undefined;
  if (bytesDone !== null && bytesTotal) {
    fraction = bytesDone / bytesTotal;
  } else if (total) {
    fraction = done / total;
  }
  let bytes: string | null = null;
  if (bytesDone !== null) {
    bytes = bytesTotal ? `${size(bytesDone)} / ${size(bytesTotal)}` : size(bytesDone);
  }
  return {
    title: phase.title,
    fraction: fraction === undefined ? undefined : Math.min(1, Math.max(0, fraction)),
    done,
    total,
    item: phase.item,
    bytes
  };
}

/** Whether an operation is about an environment: on whose behalf it runs, or which its command names. */
export function concerns(operation: Operation, environment: string): boolean {
  const { command } = operation;
  return (
    operation.environment === environment ||
    command.some(
      (word, at) =>
        word === `--environment=${environment}` ||
        (word === environment && /^(-e|--environment)$/.test(command[at - 1] ?? ''))
    )
  );
}

/** Whether the end of an operation is worth a place: that a kernel has started as it should is seen elsewhere. */
export function isWorthTelling(operation: Operation): boolean {
  const { command, state, warnings } = operation;
  const start = command[0] === 'kernels' && command[1] === 'prepare';
  return !start || state !== 'done' || warnings.length > 0;
}

/** A number of bytes for people: "1.5 MB". */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Versions before and after as people compare them: with their builds only where the version stays. */
export function withoutBuilds(
  before: string | null,
  after: string | null
): { before: string | null; after: string | null } {
  const [one, two] = [before?.split(' ')[0] ?? null, after?.split(' ')[0] ?? null];
  return one === two ? { before, after } : { before: one, after: two };
}

/** The same operation; if it is done and its document tells no result, with the one line that stands beside it. */
export function withText(operation: Operation, beside: unknown): Operation {
  const line = text(beside)?.trim() ?? '';
  if (operation.state !== 'done' || operation.result || !line || line.includes('\n')) {
    return operation;
  }
  return { ...operation, result: { ...NOTHING, message: line } };
}

/** How a change is called: what was asked for comes first in tables. */
export function kindOfChange(change: Change): 'added' | 'removed' | 'changed' {
  if (change.before === null) {
    return 'added';
  }
  return change.after === null ? 'removed' : 'changed';
}

/** The changes in the order of the table: those that were asked for first, then by name. */
export function sorted(changes: readonly Change[]): Change[] {
  return [...changes].sort(
    (a, b) => Number(b.explicit) - Number(a.explicit) || a.name.localeCompare(b.name)
  );
}

function isState(value: string | null | undefined): value is OperationState {
  return value === 'running' || value === 'done' || value === 'failed' || value === 'interrupted';
}

function phase(data: Record<string, unknown>): Phase | undefined {
  const title = text(data['title']);
  if (title === null) {
    return undefined;
  }
  return {
    phase: text(data['phase']) ?? '',
    title,
    done: number(data['done']) ?? 0,
    total: number(data['total']),
    item: text(data['item']),
    bytesDone: number(data['bytes_done']),
    bytesTotal: number(data['bytes_total']),
    finished: data['finished'] === true
  };
}

function result(value: unknown): Result | null {
  const data = record(value);
  if (!data) {
    return null;
  }
  return {
    message: text(data['message']) ?? '',
    kind: text(data['kind']) ?? '',
    environments: [],
    changed: data['changed'] === true || records(data['changes']).length > 0,
    changes: list(data['changes'], change),
    written: list(data['written'], written),
    restart: texts(data['restart']),
    leftOut: number(data['left_out']) ?? 0
  };
}

function change(data: Record<string, unknown>): Change | undefined {
  const name = text(data['name']);
  return name === null
    ? undefined
    : {
        name,
        ...withoutBuilds(text(data['before']), text(data['after'])),
        type: text(data['type']) ?? '',
        explicit: data['explicit'] === true
      };
}

function written(data: Record<string, unknown>): Written | undefined {
  const file = text(data['file']);
  return file === null
    ? undefined
    : { file, line: number(data['line']), text: text(data['text']) ?? '' };
}

function failure(value: unknown): Failure | null {
  const data = record(value);
  const message = data && text(data['text']);
  if (!data || !message) {
    return null;
  }
  const place = [text(data['file']), number(data['line']), number(data['column'])];
  const known = place.slice(0, place.indexOf(null) === -1 ? place.length : place.indexOf(null));
  return { text: message, help: text(data['help']), place: known.length ? known.join(':') : null };
}

function list<T>(value: unknown, each: (data: Record<string, unknown>) => T | undefined): T[] {
  return records(value)
    .map(each)
    .filter(item => item !== undefined);
}
