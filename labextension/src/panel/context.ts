/** What every part of the panel is given, so that none of them imports JupyterLab. */

import { createContext, useContext, useSyncExternalStore } from 'react';

import type { Operation } from '../model/operation';
import type { Preferences } from '../model/preferences';
import type { Request } from '../model/rest';
import type { Store, StoreState } from '../model/store';
import type { Translate } from '../model/words';

export type { Translate };

/** What the panel can do besides showing. */
export interface Actions {
  /** Start an operation for the notebook in front; resolves at its end. */
  run(request: Request, environment?: string): Promise<Operation | undefined>;
  /** What a request would change, while nothing is changed. */
  preview(
    request: Request,
    environment: string,
    signal: AbortSignal
  ): Promise<Record<string, unknown>>;
  /** Whether an environment has a kernel to start. */
  kernelName(manifest: string, environment: string): string | undefined;
  startKernel(manifest: string, environment: string): void;
  switchTo(manifest: string, environment: string): void;
  /** Tell what a start would run, and take the user's word. */
  reviewTrust(manifest: string): Promise<void>;
  /** Install an environment; the settings say whether that is asked first. */
  install(manifest: string, environment: string): Promise<void>;
  showDiff(manifest: string): void;
  openManifest(manifest: string): void;
  /** Ask before something is removed for good. */
  confirm(title: string, text: string, action: string): Promise<boolean>;
}

/** What every view of the panel is given. */
export interface PanelContext {
  store: Store;
  actions: Actions;
  trans: Translate;
  /** What the user has chosen in the settings, as it is now. */
  preferences: () => Preferences;
}

export const Context = createContext<PanelContext | null>(null);

/** The panel's surroundings, and the state as it is now. */
export function usePanel(): PanelContext & { state: StoreState } {
  const context = useContext(Context);
  if (!context) {
    throw new Error('a part of the panel was drawn outside of it');
  }
  const state = useSyncExternalStore(context.store.subscribe, context.store.get);
  return { ...context, state };
}
