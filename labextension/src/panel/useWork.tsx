/** Work that a click begins → why it failed, shown where it was asked for, until it is closed or tried again. */

import React from 'react';

import { type Problem, problemOf } from '../model/rest';
import { Message } from './parts';

/** Work that one button begins. */
export interface Work {
  /** Begin it. */
  start: (work: () => Promise<unknown>) => void;
  /** What went wrong, to be drawn; null for nothing. */
  told: React.JSX.Element | null;
}

export function useWork(): Work {
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const close = () => {
    setProblem(null);
  };
  return {
    start: work => {
      close();
      work().catch((reason: unknown) => {
        setProblem(problemOf(reason));
      });
    },
    told: problem ? <Message kind="error" problem={problem} onClose={close} /> : null
  };
}
