/**
 * A meter that tries again.
 *
 * Safe for every command, because a reservation's id makes each of them apply once; needed because a lost
 * answer to `settle` would otherwise leave a call charged at its worst case. Bounded in number and time: a
 * caller waits for this. Full jitter, after Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015.
 */
import { type BursarError, isBursarError } from '@bursar/core';
import type { MeterApi } from './meter-api.ts';
import type { Runtime } from './runtime.ts';

/** How often a command is sent at most, the first time included. */
export const ATTEMPTS_MAX = 3;
/** Longest pause before the first repeat; it doubles with each further one. */
const PAUSE_MS_MAX_FIRST = 50;
/** Longest pause that a server can ask for. */
const PAUSE_MS_MAX = 2_000;

/** `meter`, with every command repeated while the server is away or the outcome unknown. */
export function retryingMeter(meter: MeterApi, runtime: Runtime): MeterApi {
  const persistently = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send();
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isBursarError(error) || !mayRepeat(error)) throw error;
        await runtime.wait(pauseMs(error, attempt, runtime));
      }
    }
  };
  return {
    reserve: (input) => persistently(() => meter.reserve(input)),
    extend: (input) => persistently(() => meter.extend(input)),
    settle: (input) => persistently(() => meter.settle(input)),
    release: (input) => persistently(() => meter.release(input)),
  };
}

function mayRepeat(error: BursarError): boolean {
  return error.code === 'store_unavailable' || error.code === 'store_timeout';
}

function pauseMs(error: BursarError, attempt: number, runtime: Runtime): number {
  const spread = runtime.random() * PAUSE_MS_MAX_FIRST * 2 ** (attempt - 1);
  return Math.min(PAUSE_MS_MAX, Math.max(spread, error.retryAfterMs ?? 0));
}
