/** Random takes from a few limiters, of every algorithm, with limits that change and one that passes 2^53. */
import {
  AMOUNT_MAX,
  type LimiterId,
  type LimiterPolicy,
  type RateHit,
  WINDOW_MAX_MS,
} from '@bursar/core';
import fc from 'fast-check';

type WindowMs = Extract<LimiterPolicy, { algorithm: 'gcra' }>['windowMs'];
const SECOND = 1_000 as WindowMs;
const MINUTE = 60_000 as WindowMs;
const MONTH = WINDOW_MAX_MS as WindowMs;

/** Policies of one limiter: of one length, for what has run off under a shorter one is gone under a longer one. */
const POLICIES: readonly (readonly LimiterPolicy[])[] = [
  [12, 12, 3].map((capacity) => ({
    algorithm: 'token-bucket',
    capacity,
    refillPermits: 7,
    refillEveryMs: MINUTE,
  })),
  [10, 10, 4].map((burst) => ({ algorithm: 'gcra', limit: 7, windowMs: MINUTE, burst })),
  [9, 9, 2].map((limit) => ({ algorithm: 'fixed-window', limit, windowMs: MINUTE })),
  [9, 9, 30].map((limit) => ({ algorithm: 'sliding-window-counter', limit, windowMs: MINUTE })),
  [9, 9, 30].map((limit) => ({ algorithm: 'sliding-window-log', limit, windowMs: MINUTE })),
  [4, 4, 8].map((limit) => ({ algorithm: 'concurrency', limit })),
  // Amounts of money.
  [
    {
      algorithm: 'token-bucket',
      capacity: AMOUNT_MAX,
      refillPermits: AMOUNT_MAX,
      refillEveryMs: MONTH,
    },
    { algorithm: 'gcra', limit: AMOUNT_MAX - 2, windowMs: MONTH, burst: AMOUNT_MAX },
    { algorithm: 'sliding-window-counter', limit: AMOUNT_MAX, windowMs: MONTH },
  ],
  // Another algorithm on every other call.
  [
    { algorithm: 'token-bucket', capacity: 5, refillPermits: 1, refillEveryMs: SECOND },
    { algorithm: 'sliding-window-log', limit: 5, windowMs: MINUTE },
    { algorithm: 'concurrency', limit: 5 },
  ],
];
const MONEY = 6;

/** What to take from one limiter, by numbers. */
export interface RateDraft {
  readonly limiter: number;
  readonly policy: number;
  readonly permits: number;
  readonly money: number;
}

/** Takes from different limiters. */
export const rateDrafts: fc.Arbitrary<readonly RateDraft[]> = fc.uniqueArray(
  fc.record({
    limiter: fc.nat(POLICIES.length - 1),
    policy: fc.nat(2),
    permits: fc.constantFrom(0, 1, 1, 2, 2, 3, 5, 9, 14, 40),
    money: fc.oneof(fc.nat(60), fc.integer({ min: 2 ** 51, max: AMOUNT_MAX })),
  }),
  { minLength: 1, maxLength: 4, selector: ({ limiter }) => limiter },
);

export function hitsOf(tenant: string, drafts: readonly RateDraft[]): readonly RateHit[] {
  return drafts.map(({ limiter, policy, permits, money }) => {
    const found = POLICIES[limiter]?.[policy];
    if (found === undefined) throw new Error('a limiter without a policy');
    return {
      limiter: `${tenant}/user:a%20b/limiter-${limiter}` as LimiterId,
      policy: found,
      permits: limiter === MONEY ? money : permits,
    };
  });
}
