import { limiterId, type LimiterPolicy } from '@bursar/core';
import { everyLimiter } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RATE_STORES, type RateStore } from './rate-stores.ts';

const MINUTE = 60_000;
/** The beginning of a minute. */
const START = Date.UTC(2026, 10, 12, 12);
/** When 50 calls come at once, in milliseconds. */
const BURSTS = [0, 1, 15_000, 30_000, 59_999, 60_000, 61_000, 75_000, 90_000, 119_999, 180_000];

/**
 * 100 tokens a minute for each algorithm. What a bucket lets through at once and what it refills within a minute
 * come to 100 together.
 */
const POLICIES: readonly LimiterPolicy[] = everyLimiter(100).map((policy) => {
  if (policy.algorithm === 'token-bucket') return { ...policy, capacity: 20, refillPermits: 80 };
  return policy.algorithm === 'gcra' ? { ...policy, burst: 20, limit: 80 } : policy;
});

describe.each(RATE_STORES)('F09 Token rate limit under concurrency: %s', (_name, open) => {
  let store: RateStore;
  beforeAll(async () => {
    store = await open();
  }, 120_000);
  afterAll(() => store?.stop());

  it.each(POLICIES.map((policy) => [policy.algorithm, policy] as const))(
    '%s: of 50 concurrent calls of 20 tokens on two servers at most five pass in any minute of 100 tokens',
    { timeout: 60_000 },
    async (algorithm, policy) => {
      const { clock, purses } = store;
      const limiter = limiterId(purses[0].tenant, { kind: 'user', name: 'alice' }, algorithm);
      const passed: number[] = [];
      const passedIn = (fromMs: number): number =>
        passed.filter((atMs) => atMs >= fromMs && atMs < fromMs + MINUTE).length;
      for (const burstMs of BURSTS) {
        clock.set(START + burstMs);
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, call) =>
            (call % 2 === 0 ? purses[0] : purses[1]).reserve('alice', 1, {
              ttlMs: 10 * MINUTE,
              rates: [{ limiter, policy, permits: 20 }],
            }),
          ),
        );
        for (const { outcome } of answers) {
          if (outcome === 'applied') passed.push(burstMs);
          else expect(outcome).toBe('denied');
        }
      }
      // A fixed window keeps to the minutes of the clock, and lets twice as much across a border.
      const froms = algorithm === 'fixed-window' ? [0, 1, 2, 3].map((n) => n * MINUTE) : passed;
      for (const fromMs of froms) expect(passedIn(fromMs)).toBeLessThanOrEqual(5);
      // And no fewer than there is room for.
      const isBucket = algorithm === 'token-bucket' || algorithm === 'gcra';
      expect(passedIn(0)).toBe(isBucket ? 4 : 5);
      expect(passed.length > 5).toBe(algorithm !== 'concurrency');
    },
  );
});
