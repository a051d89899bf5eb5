/** Why a call stops waiting without having been asked for. */
import { BursarError } from '@bursar/core';
import type { Pace } from './pace-options.ts';

/** A reason that becomes an error only where there is no refusal to hand on. */
export class TooLate {
  readonly #problem: string;
  readonly #afterMs: number | undefined;

  constructor(problem: string, afterMs?: number) {
    this.#problem = problem;
    this.#afterMs = afterMs;
  }

  /** What the caller is told. */
  errorFor(pace: Pace): BursarError {
    return new BursarError('too_many_requests', {
      message:
        `The call was not made: ${this.#problem}. It may wait for ${pace.waitMsMax} ms (pace.waitMsMax) behind ` +
        `${pace.queueMax} others (pace.queueMax).`,
      ...(this.#afterMs === undefined ? {} : { retryAfterMs: Math.ceil(this.#afterMs) }),
    });
  }
}
