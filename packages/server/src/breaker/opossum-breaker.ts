/**
 * The breaker of production: opossum, adapted to count failures in a row.
 *
 * opossum opens on a percentage over a rolling window and closes on the first success of any call that is
 * waiting when it half-opens. Here its own opening is out of reach (`volumeThreshold`), a counter in front
 * calls `open()`, and the only call it gets while half-open is our probe. Its time-out is off: it would not
 * cancel the command, and a command that may have been applied is not a failed one.
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

type Action = () => Promise<unknown>;

/** A closed breaker. */
export function opossumBreaker(options: BreakerOptions): Breaker {
  const { failuresToOpen = FAILURES_TO_OPEN, openMs = OPEN_MS, isFailure, probe } = options;
  let inARow = 0;
  let state: BreakerState = 'closed';
  const circuit = new CircuitBreaker<[Action], unknown>((action: Action) => action(), {
    timeout: false,
    resetTimeout: openMs,
    volumeThreshold: Number.MAX_SAFE_INTEGER,
    rollingCountTimeout: 1_000,
    rollingCountBuckets: 1,
    errorFilter: (error: unknown) => !isFailure(error),
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
    circuit.fire(probe).then(
      () => circuit.close(),
      () => circuit.open(),
    );
  });
  return {
    get state() {
      return state;
    },
    async run<Result>(action: () => Promise<Result>): Promise<Result> {
      if (state !== 'closed') throw new BreakerOpen('the circuit breaker is open');
      try {
        const result = (await circuit.fire(action)) as Result;
        inARow = 0;
        return result;
      } catch (error) {
        if (isFailure(error)) {
          inARow += 1;
          if (inARow >= failuresToOpen && state === 'closed') circuit.open();
        }
        throw error;
      }
    },
    stop: () => circuit.shutdown(),
  };
}
