/** What can be chosen about waiting for rate limits. */
import { BursarError } from '@bursar/core';
import { checkInteger } from '../check-integer.ts';
import type { Priority } from './waiting-line.ts';

/** How a call waits for its turn. Everything is optional. */
export interface PaceOptions {
  /**
   * `interactive` (default): somebody waits for the answer. `batch`: nobody does, so that such calls go after them; at least
   * every fifth call is one of `batch` while any wait.
   */
  readonly priority?: Priority;
  /** Longest wait in milliseconds; 30,000 by default, 600,000 at most. 0 waits for nothing. */
  readonly waitMsMax?: number;
  /** With how many others waiting on the connection a call still gets in line; 1,000 by default, 100,000 at most. */
  readonly queueMax?: number;
  /** Calls of the user on this connection that run at once, from asking until they are booked. No bound by default. */
  readonly concurrencyMax?: number;
}

/** The options with every default filled in. */
export interface Pace {
  readonly priority: Priority;
  readonly waitMsMax: number;
  readonly queueMax: number;
  readonly concurrencyMax: number;
}

const CONCURRENCY_MAX = 1_000_000;

/** `pace` checked and completed. Throws `input_invalid`, naming the option. */
export function paceOf(pace: true | PaceOptions): Pace {
  const {
    priority = 'interactive',
    waitMsMax = 30_000,
    queueMax = 1_000,
    concurrencyMax = CONCURRENCY_MAX,
  }: PaceOptions = pace === true ? {} : pace;
  if (priority !== 'interactive' && priority !== 'batch') {
    throw new BursarError('input_invalid', {
      field: 'pace.priority',
      message: 'pace.priority must be interactive or batch',
    });
  }
  checkInteger('pace.waitMsMax', waitMsMax, 0, 600_000);
  checkInteger('pace.queueMax', queueMax, 0, 100_000);
  checkInteger('pace.concurrencyMax', concurrencyMax, 1, CONCURRENCY_MAX);
  return { priority, waitMsMax, queueMax, concurrencyMax };
}
