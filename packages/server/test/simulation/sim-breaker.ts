/** The breaker on simulated time. The suite of breakers holds it to the one of production. */
import {
  type Breaker,
  BreakerOpen,
  type BreakerOptions,
  type BreakerState,
  FAILURES_TO_OPEN,
  OPEN_MS,
} from '../../src/breaker/breaker.ts';
import type { Timers } from '../../src/clock/timers.ts';

/** A closed breaker on `timers`. */
export function simBreaker(options: BreakerOptions, timers: Timers): Breaker {
  const {
    failuresToOpen = FAILURES_TO_OPEN,
    openMs = OPEN_MS,
    isFailure,
    probe,
    onChange,
  } = options;
  let inARow = 0;
  let state: BreakerState = 'closed';
  let cancel = (): void => {};
  const become = (next: BreakerState): void => {
    if (state === next) return;
    state = next;
    onChange(next);
  };
  const open = (): void => {
    become('open');
    cancel = timers.after(openMs, () => {
      become('probing');
      probe().then(() => {
        inARow = 0;
        become('closed');
      }, open);
    });
  };
  return {
    get state() {
      return state;
    },
    async run<Result>(action: () => Promise<Result>): Promise<Result> {
      if (state !== 'closed') throw new BreakerOpen('the circuit breaker is open');
      try {
        const result = await action();
        inARow = 0;
        return result;
      } catch (error) {
        if (isFailure(error)) {
          inARow += 1;
          if (inARow >= failuresToOpen && state === 'closed') open();
        }
        throw error;
      }
    },
    stop: () => cancel(),
  };
}
