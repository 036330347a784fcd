/** The REST interface of the server extension → typed answers, over JupyterLab's own connection. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  type About,
  type Api,
  type Detail,
  type Discovery,
  type Drift,
  Failure,
  type Generations,
  type Kind,
  type LockDiff,
  type LockedPackage,
  type Problem,
  type Recorded,
  type Request,
  type Summary,
  type Trust,
  type Version,
  type Workspaces
} from './model/rest';

const BASE = 'jupyter-pixi/api';

type Query = Record<string, string | undefined>;

/** Asks the server that JupyterLab is connected to. */
export class Client implements Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  workspaces(): Promise<Workspaces> {
    return this._get('workspaces');
  }

  detail(manifest: string): Promise<Detail> {
    return this._get('workspace', { manifest });
  }

  async packages(
    manifest: string,
    environment: string,
    platform?: string
  ): Promise<LockedPackage[]> {
    const query = { manifest, environment, platform };
    return (await this._get<{ packages: LockedPackage[] }>('packages', query)).packages;
  }

  async operations(): Promise<Summary[]> {
    return (await this._get<{ operations: Summary[] }>('operations')).operations;
  }

  operation(manifest: string, id: string): Promise<Recorded> {
    return this._get(`operations/${encodeURIComponent(id)}`, { manifest });
  }

  start(request: Request): Promise<{ id: string | null; result?: unknown }> {
    return this._send('operations', 'POST', request);
  }

  async cancel(manifest: string, id: string): Promise<void> {
    await this._send(`operations/${encodeURIComponent(id)}`, 'DELETE', undefined, { manifest });
  }

  async preview(request: Request, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const answer = await this._send<{ result: Record<string, unknown> }>(
      'preview',
      'POST',
      request,
      {},
      signal
    );
    return answer.result;
  }

  async search(manifest: string, query: string, type: Kind): Promise<string[]> {
    return (await this._get<{ names: string[] }>('search', { manifest, query, type })).names;
  }

  versions(
    manifest: string,
    name: string,
    type: Kind
  ): Promise<{ found: boolean; versions: Version[] }> {
    return this._get(`search/${encodeURIComponent(name)}`, { manifest, type });
  }

  about(manifest: string, name: string, type: Kind): Promise<About> {
    return this._get(`about/${encodeURIComponent(name)}`, { manifest, type });
  }

  async drift(manifest: string, environment: string): Promise<Drift[]> {
    return (await this._get<{ rows: Drift[] }>('drift', { manifest, environment })).rows;
  }

  discover(roots: string[], depth: number | null): Promise<Discovery> {
    return this._send('discovery', 'PUT', { roots, depth });
  }

  provider(
    manifest: string,
    module: string
  ): Promise<{ conda: string | null; pypi: string | null }> {
    return this._get(`imports/${encodeURIComponent(module)}`, { manifest });
  }

  trust(manifest: string): Promise<Trust> {
    return this._get('trust', { manifest });
  }

  agree(manifest: string): Promise<Trust> {
    return this._send('trust', 'POST', { manifest });
  }

  async disk(manifest: string): Promise<Record<string, number | null>> {
    const query = { manifest };
    return (await this._get<{ environments: Record<string, number | null> }>('disk', query))
      .environments;
  }

  generations(manifest: string): Promise<Generations> {
    return this._get('history', { manifest });
  }

  diff(manifest: string, against: string): Promise<LockDiff> {
    return this._get('diff', { manifest, against });
  }

  private _get<T>(path: string, query: Query = {}): Promise<T> {
    return this._send(path, 'GET', undefined, query);
  }

  private async _send<T>(
    path: string,
    method: string,
    body?: unknown,
    query: Query = {},
    signal?: AbortSignal
  ): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given as [string, string][]).toString();
    const url = URLExt.join(this.settings.baseUrl, BASE, path) + (search ? `?${search}` : '');
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
    }
    if (signal) {
      init.signal = signal;
    }
    const response = await ServerConnection.makeRequest(url, init, this.settings);
    const text = await response.text();
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      answer = undefined;
    }
    if (!response.ok) {
      const problem = answer as Problem | undefined;
      throw new Failure(
        problem?.message ? problem : { message: `${response.status} ${response.statusText}` },
        response.status
      );
    }
    return answer as T;
  }
}
