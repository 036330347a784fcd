/** The server's events → packages that moved in an environment, and by which kernel: others may have them imported. */

import { OPERATION } from './events';
import { begin, type Event, fold } from './fold';
import type { Operation } from './operation';
import { text } from './untrusted';

/** What an operation has moved in an environment. */
export interface Moved {
  manifest: string;
  environment: string;
  /** The connection file's name of the kernel that asked for it; null for a terminal or a panel. */
  kernel: string | null;
  /** What moved or went: `cowsay 6.1 → 6.0`. */
  packages: string[];
}

/** Follows the operations that are under way. */
export class Bystanders {
  /** What an event says; undefined for all but the end of one that moved something that was there before. */
  hear(schema: string, data: Event): Moved | undefined {
    const id = data['operation'];
    const event = data['event'];
    if (schema !== OPERATION || typeof id !== 'string' || !event || typeof event !== 'object') {
      return undefined;
    }
    const said = event as Event;
    const manifest = String(data['manifest']);
    const before = this._running.get(id) ?? { operation: begin(id, manifest), kernel: null };
    const operation = fold(before.operation, said);
    const kernel = said['event'] === 'started' ? text(said['kernel']) : before.kernel;
    if (operation.state === 'running') {
      this._running.set(id, { operation, kernel });
      return undefined;
    }
    this._running.delete(id);
    const packages = (operation.result?.changes ?? [])
      .filter(change => change.before !== null)
      .map(change => `${change.name} ${change.before ?? ''} → ${change.after ?? '—'}`);
    const { environment } = operation;
    return packages.length && environment !== null
      ? { manifest, environment, kernel, packages }
      : undefined;
  }

  private readonly _running = new Map<string, { operation: Operation; kernel: string | null }>();
}
