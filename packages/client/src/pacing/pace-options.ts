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

const WAIT_MS_MAX = 600_000;
const QUEUE_MAX = 100_000;
const CONCURRENCY_MAX = 1_000_000;
const PRIORITIES: readonly unknown[] = ['interactive', 'batch'] satisfies Priority[];

/** `pace` checked and completed; `undefined` where calls are not to wait. Throws `input_invalid`, naming the option. */
export function paceOf(pace: boolean | PaceOptions | undefined): Pace | undefined {
  if (pace === undefined || pace === false) return undefined;
  const {
    priority = 'interactive',
    waitMsMax = 30_000,
    queueMax = 1_000,
    concurrencyMax = CONCURRENCY_MAX,
  } = pace === true ? {} : pace;
  if (!PRIORITIES.includes(priority)) {
    throw new BursarError('input_invalid', {
      field: 'pace.priority',
      message: `pace.priority must be one of ${PRIORITIES.join(', ')}`,
    });
  }
  checkInteger('pace.waitMsMax', waitMsMax, 0, WAIT_MS_MAX);
  checkInteger('pace.queueMax', queueMax, 0, QUEUE_MAX);
  checkInteger('pace.concurrencyMax', concurrencyMax, 1, CONCURRENCY_MAX);
  return { priority, waitMsMax, queueMax, concurrencyMax };
}
