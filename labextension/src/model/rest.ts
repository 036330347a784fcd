/** The documents of the server extension's REST interface (`/jupyter-pixi/api/openapi.json`), and what can be asked. */

import type { State } from './kernels';

/** Why an environment is not ready, with the place that says so. */
export interface Reason {
  code: string;
  text: string;
  file: string | null;
  line: number | null;
  column: number | null;
}

/** An environment in the list of workspaces; `platform` is the one that this machine is, if any. */
export interface EnvironmentState {
  name: string;
  state: State;
  reason: Reason | null;
  prefix: string;
  platform: string | null;
  kernels: { name: string; language: string; display_name: string }[];
}

/** A workspace; `path` is its folder as the file browser names it, null outside of the server's root. */
export interface Workspace {
  manifest: string;
  root: string;
  name: string;
  path: string | null;
  /** Whether its kernels start without a question. */
  trusted: boolean;
  environments: EnvironmentState[];
  error: Problem | null;
}

/** All workspaces; `truncated` tells why the search ended early, `complete` that it has ended. */
export interface Workspaces {
  workspaces: Workspace[];
  truncated: string | null;
  complete: boolean;
}

/** Something that did not work, in words for people. */
export interface Problem {
  message: string;
  code?: string | null;
  help?: string | null;
  file?: string | null;
  line?: number | null;
  column?: number | null;
}

export type Kind = 'conda' | 'pypi';

/** A package that is asked for: its specs, and its locked versions, by platform. */
export interface Dependency {
  name: string;
  type: Kind;
  feature: string | null;
  requested: Record<string, string>;
  locked: Record<string, string | null>;
}

/** An environment on a platform: how many packages are locked, and why it does not run here. */
export interface Cell {
  name: string;
  subdir: string;
  locked: number | null;
  up_to_date: boolean;
  reason: string | null;
  why_not_here: string | null;
}

/** An environment with all that it declares. */
export interface EnvironmentDetail {
  name: string;
  features: string[];
  solve_group: string | null;
  platform: string | null;
  platforms: Cell[];
  dependencies: Dependency[];
}

/** A workspace with all that it declares and has locked; `undo` and `redo` are the commands concerned. */
export interface Detail {
  manifest: string;
  name: string;
  channels: string[];
  platforms: { name: string; subdir: string }[];
  machine: { subdir: string; virtual_packages: string[] };
  lock: { exists: boolean; up_to_date: boolean; reason: string | null };
  features: { name: string; inline: boolean }[];
  environments: EnvironmentDetail[];
  undo: string | null;
  redo: string | null;
  frozen: boolean;
}

/** A locked package; `size` is in bytes, `requested` the spec of one that is asked for. */
export interface LockedPackage {
  name: string;
  version: string | null;
  build: string | null;
  type: Kind;
  size: number | null;
  requested: string | null;
  source: string;
}

/** What the next start in an environment would do; `solve` says that the lock comes first. */
export interface Start {
  name: string;
  solve: boolean;
  packages: number;
  bytes: number;
  sources: string[];
  builds: string[];
  scripts: string[];
  variables: Record<string, string>;
  /** Why the administrator does not allow it. */
  refused?: string | null;
}

/** Whether the user has agreed to what starts would do; `changed` are files that differ since. */
export interface Trust {
  manifest: string;
  trusted: boolean;
  reason: string | null;
  forbidden: boolean;
  changed: string[];
  files: string[];
  install_at_start?: boolean;
  environments: Start[];
}

/** A package in which two generations of the lock differ. */
export interface DiffRow {
  environment: string;
  platform: string;
  name: string;
  type: Kind;
  kind: 'added' | 'removed' | 'up' | 'down' | 'rebuilt';
  before: string | null;
  after: string | null;
  explicit: boolean;
}

/** How the lock on disk differs from another generation; `rows` may be fewer than `total`. */
export interface LockDiff {
  against: string;
  present: boolean;
  total: number;
  rows: DiffRow[];
}

/** What the lock can be compared with: git's HEAD, and the states before earlier changes. */
export interface Generations {
  head: boolean;
  history: { id: string; time: number; command: string; kind: string; changes: string[] }[];
}

/** An operation in the list. Times are seconds since the epoch. */
export interface Summary {
  id: string;
  manifest: string;
  command: string[];
  environment: string | null;
  started: number;
  ended: number | null;
  state: 'running' | 'done' | 'failed' | 'interrupted' | 'lost';
}

/** An operation with all that it said. */
export interface Recorded extends Summary {
  events: Record<string, unknown>[];
  activation: unknown;
}

/** What starts an operation; the fields besides these are those of the command. */
export interface Request {
  manifest: string;
  command: string;
  caller?: unknown;
  [field: string]: unknown;
}

/** A version of a package, and the subdirs that have it. */
export interface Version {
  version: string;
  subdirs: string[];
}

/** What a package's maintainers say of it; null where nothing is told. */
export interface About {
  summary: string | null;
  license: string | null;
  home: string | null;
  size: number | null;
  version: string | null;
}

/** One package that is not what the lock file says. */
export interface Drift {
  name: string;
  kind: Kind;
  what: 'missing' | 'foreign' | 'changed' | 'damaged' | 'unmanaged';
  text: string;
}

/** Where the server searches for workspaces; `missing` are folders that are not there. */
export interface Discovery {
  roots: string[];
  depth: number;
  mine: boolean;
  missing: string[];
}

/** What the server answers; every call fails with a `Failure` that says why. */
export interface Api {
  workspaces(): Promise<Workspaces>;
  detail(manifest: string): Promise<Detail>;
  packages(manifest: string, environment: string, platform?: string): Promise<LockedPackage[]>;
  operations(): Promise<Summary[]>;
  operation(manifest: string, id: string): Promise<Recorded>;
  start(request: Request): Promise<{ id: string | null; result?: unknown }>;
  cancel(manifest: string, id: string): Promise<void>;
  preview(request: Request, signal?: AbortSignal): Promise<Record<string, unknown>>;
  search(manifest: string, query: string, type: Kind): Promise<string[]>;
  versions(
    manifest: string,
    name: string,
    type: Kind
  ): Promise<{ found: boolean; versions: Version[] }>;
  about(manifest: string, name: string, type: Kind): Promise<About>;
  drift(manifest: string, environment: string): Promise<Drift[]>;
  discover(roots: string[], depth: number | null): Promise<Discovery>;
  provider(
    manifest: string,
    module: string
  ): Promise<{ conda: string | null; pypi: string | null }>;
  trust(manifest: string): Promise<Trust>;
  agree(manifest: string): Promise<Trust>;
  disk(manifest: string): Promise<Record<string, number | null>>;
  generations(manifest: string): Promise<Generations>;
  diff(manifest: string, against: string): Promise<LockDiff>;
}

/** An answer that is a refusal. */
export class Failure extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number
  ) {
    super(problem.message);
  }
}

/** What went wrong, of anything that was thrown. */
export function problemOf(reason: unknown): Problem {
  if (reason instanceof Failure) {
    return reason.problem;
  }
  return { message: reason instanceof Error ? reason.message : String(reason) };
}
