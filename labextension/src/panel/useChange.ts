/** A request that changes a workspace → its preview, then the change itself, or why neither is possible. */

import React from 'react';

import { type Plan, planOf } from '../model/plan';
import { type Problem, type Request, problemOf } from '../model/rest';
import { usePanel } from './context';

/** A change that is being prepared. */
export interface Change {
  /** What would change, once that is known. */
  plan: Plan | null;
  problem: Problem | null;
  /** A preview is being worked out. */
  busy: boolean;
  /** The plan moves what the kernel has loaded: it is restarted after the change. */
  restarts: boolean;
  /** Work out what the request would change. */
  look(request: Request): void;
  /** Carry it out. */
  apply(request: Request): void;
  /** Forget it. */
  reset(): void;
}

const NOTHING = { plan: null, problem: null, busy: false, restarts: false };

export function useChange(environment: string): Change {
  const { actions } = usePanel();
  const [shown, setShown] = React.useState<Omit<Change, 'look' | 'apply' | 'reset'>>(NOTHING);
  const abort = React.useRef<AbortController | null>(null);

  const reset = () => {
    abort.current?.abort();
    setShown(NOTHING);
  };
  const look = async (request: Request) => {
    reset();
    setShown({ ...NOTHING, busy: true });
    const control = new AbortController();
    abort.current = control;
    const asked = async (more: Partial<Request> = {}) =>
      planOf(
        await actions.preview({ ...request, ...more }, environment, control.signal),
        environment
      );
    let problem: Problem | null = null;
    try {
      let plan: Plan;
      try {
        plan = await asked();
      } catch (reason) {
        problem = problemOf(reason);
        if (problem.code !== 'loaded') {
          throw reason;
        }
        plan = await asked({ restart: true });
      }
      if (!control.signal.aborted) {
        setShown({ plan, problem, busy: false, restarts: problem !== null });
      }
    } catch (reason) {
      if (!control.signal.aborted) {
        setShown({ ...NOTHING, problem: problem ?? problemOf(reason) });
      }
    }
  };
  const apply = (request: Request) => {
    const { restarts } = shown;
    reset();
    actions
      .run(restarts ? { ...request, restart: true } : request, environment)
      .catch((reason: unknown) => {
        setShown({ ...NOTHING, problem: problemOf(reason) });
      });
  };
  React.useEffect(
    () => () => {
      abort.current?.abort();
    },
    []
  );
  return {
    ...shown,
    look: request => void look(request),
    apply,
    reset
  };
}
