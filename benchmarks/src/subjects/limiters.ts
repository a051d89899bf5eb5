/** Every way to count, with numbers that let a run through, and as the product's rule decides it. */
import {
  decideLimiter,
  type DurationMs,
  type InstantMs,
  type LimiterAlgorithm,
  type LimiterPolicy,
  type LimiterState,
  type Take,
} from '@bursar/core';
import { type Counter, ERROR_LIMIT, WINDOW_MS } from './limiter-error.ts';
import { idNumber } from './pairs.ts';

const windowMs = WINDOW_MS as DurationMs;

/** Each algorithm with `limit` a minute, or at a moment. */
export function limiterPolicies(limit: number): Readonly<Record<LimiterAlgorithm, LimiterPolicy>> {
  return {
    'token-bucket': {
      algorithm: 'token-bucket',
      capacity: limit,
      refillPermits: limit,
      refillEveryMs: windowMs,
    },
    gcra: { algorithm: 'gcra', limit, windowMs, burst: limit },
    'fixed-window': { algorithm: 'fixed-window', limit, windowMs },
    'sliding-window-counter': { algorithm: 'sliding-window-counter', limit, windowMs },
    'sliding-window-log': { algorithm: 'sliding-window-log', limit, windowMs },
    concurrency: { algorithm: 'concurrency', limit },
  };
}

/** The algorithms, in the order in which they are shown. */
export const ALGORITHMS = Object.keys(limiterPolicies(1)) as readonly LimiterAlgorithm[];

/** How long a slot is held at most, in the rule's own runs. */
const SLOT_MS = 1_000;

/** One limiter under `policy`, decided by the rule. */
export function counterOf(policy: LimiterPolicy): Counter {
  let state: LimiterState | undefined;
  let calls = 0;
  return (atMs) => {
    calls += 1;
    const made = decideLimiter(policy, state, takeAt(atMs, calls), atMs as InstantMs);
    state = made.state;
    return made.admitted;
  };
}

/** The same as the one that errors are measured with. */
export function exactlyLimited(algorithm: LimiterAlgorithm): Counter {
  return counterOf(limiterPolicies(ERROR_LIMIT)[algorithm]);
}

function takeAt(atMs: number, number: number): Take {
  return {
    permits: 1,
    reservation: idNumber(number),
    deadlineAtMs: (atMs + SLOT_MS) as InstantMs,
  };
}
