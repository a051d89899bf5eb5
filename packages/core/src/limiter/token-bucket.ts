/** Token bucket: full at first, and filled evenly; what is taken at once and what is refilled are set apart. */
import type { TokenBucketPolicy } from './limiter-policy.ts';
import { type Flow, msUntilGone, runOff } from './bucket.ts';
import type { Counting } from './counting.ts';
import { sumToMax } from './ratio.ts';

export const tokenBucket: Counting<'token-bucket'> = {
  at(policy, state, nowMs) {
    if (state === undefined) return { algorithm: 'token-bucket', used: 0, part: 0, atMs: nowMs };
    const atMs = Math.max(state.atMs, nowMs);
    return { ...state, ...runOff(state, atMs - state.atMs, flowOf(policy)), atMs };
  },
  used: (_policy, { used }) => used,
  add: (_policy, state, { permits }) => ({ ...state, used: sumToMax(state.used, permits) }),
  giveBack: (_policy, state, permits) =>
    permits >= state.used
      ? { ...state, used: 0, part: 0 }
      : { ...state, used: state.used - permits },
  freeAtMs: (policy, state, excess) => state.atMs + msUntilGone(state, excess, flowOf(policy)),
  endsAtMs: (policy, state) => state.atMs + msUntilGone(state, state.used, flowOf(policy)),
};

function flowOf({ refillPermits, refillEveryMs }: TokenBucketPolicy): Flow {
  return { permits: refillPermits, everyMs: refillEveryMs };
}
