/**
 * The breaker of production: opossum, adapted to count failures in a row.
 *
 * opossum opens on a percentage over a rolling window, and while it is half open any call that ends closes it:
 * also one that began before it opened, or whose error says nothing about the dependency. So the only thing it
 * ever runs is the probe, and how that ends is the only thing it hears. A counter in front calls `open()`. Its
 * time-out is off: it would not cancel the probe, which must not overlap with the next one.
 */
import CircuitBreaker from 'opossum';
import {
  type Breaker,
  BreakerOpen,
  type BreakerOptions,
  type BreakerState,
  FAILURES_TO_OPEN,
  OPEN_MS,
} from './breaker.ts';

/** A closed breaker. */
export function opossumBreaker(options: BreakerOptions): Breaker {
  const { failuresToOpen = FAILURES_TO_OPEN, openMs = OPEN_MS, isFailure, probe } = options;
  let inARow = 0;
  let state: BreakerState = 'closed';
  const circuit = new CircuitBreaker(probe, {
    timeout: false,
    resetTimeout: openMs,
    rollingCountTimeout: 1_000,
    rollingCountBuckets: 1,
  });
  const become = (next: BreakerState): void => {
    if (state === next) return;
    state = next;
    options.onChange(next);
  };
  circuit.on('open', () => become('open'));
  circuit.on('close', () => {
    inARow = 0;
    become('closed');
  });
  circuit.on('halfOpen', () => {
    become('probing');
    // It has opened or closed by then.
    circuit.fire().catch(() => undefined);
  });
  // The same two for every call: there are hundreds of thousands.
  const succeeded = <Result>(result: Result): Result => {
    inARow = 0;
    return result;
  };
  const failed = (error: unknown): never => {
    if (isFailure(error)) {
      inARow += 1;
      if (inARow >= failuresToOpen && state === 'closed') circuit.open();
    }
    throw error;
  };
  return {
    get state() {
      return state;
    },
    run(action) {
      if (state !== 'closed') return Promise.reject(new BreakerOpen('the circuit breaker is open'));
      return action().then(succeeded, failed);
    },
    stop: () => circuit.shutdown(),
  };
}
