/** Token bucket and GCRA against an exact model in fractions, and against each other. */
import { AMOUNT_MAX, type LimiterPolicy, WINDOW_MAX_MS } from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { policyOf, START, TestLimiter } from './limiters.ts';

interface Bucket {
  readonly capacity: number;
  readonly permits: number;
  readonly everyMs: number;
}

/** Small numbers, in which everything happens; and the largest, which pass 2^53 on the way. */
const buckets: fc.Arbitrary<Bucket> = fc
  .oneof(
    fc.record({
      capacity: fc.nat(20),
      permits: fc.integer({ min: 1, max: 12 }),
      everyMs: fc.integer({ min: 1, max: 50 }),
    }),
    fc.record({
      capacity: fc.integer({ min: 0, max: AMOUNT_MAX }),
      permits: fc.integer({ min: 1, max: AMOUNT_MAX }),
      everyMs: fc.integer({ min: 1, max: WINDOW_MAX_MS }),
    }),
  )
  .filter(
    ({ capacity, permits, everyMs }) =>
      BigInt(capacity) * BigInt(everyMs) <= BigInt(WINDOW_MAX_MS) * BigInt(permits),
  );
/** Elapsed time as a share of the bucket's interval, permits as one of its capacity, both in 1/60. */
const steps = fc.array(fc.tuple(fc.nat(150), fc.oneof(fc.nat(70), fc.constantFrom(0, 1, 60))), {
  minLength: 1,
  maxLength: 30,
});

function share(of: number, sixtieths: number): number {
  return sixtieths === 1 ? Math.min(1, of) : Number((BigInt(of) * BigInt(sixtieths)) / 60n);
}

function tokenBucket({ capacity, permits, everyMs }: Bucket): LimiterPolicy {
  return policyOf({
    algorithm: 'token-bucket',
    capacity,
    refillPermits: permits,
    refillEveryMs: everyMs,
  });
}

function gcra({ capacity, permits, everyMs }: Bucket): LimiterPolicy {
  return policyOf({ algorithm: 'gcra', limit: permits, windowMs: everyMs, burst: capacity });
}

it('a token bucket lets through what an exact bucket in fractions does, and never more than burst + rate × time', () => {
  fc.assert(
    fc.property(buckets, steps, (bucket, sequence) => {
      const { capacity, permits: refill, everyMs } = bucket;
      const limiter = new TestLimiter(tokenBucket(bucket));
      const every = BigInt(everyMs);
      const full = BigInt(capacity) * every;
      let left = full;
      let nowMs = START;
      const admitted: (readonly [bigint, bigint])[] = [];
      for (const [elapsed, wanted] of sequence) {
        const elapsedMs = share(everyMs, elapsed);
        nowMs += elapsedMs;
        left += BigInt(elapsedMs) * BigInt(refill);
        if (left > full) left = full;
        const permits = Math.min(share(capacity, wanted), AMOUNT_MAX);
        const need = BigInt(Math.max(1, permits)) * every;
        const isExpected = need <= left;
        expect(limiter.take(permits, nowMs)).toBe(isExpected);
        // The first millisecond in which the rest has been refilled.
        const toGo = need > full ? null : need > left ? need - left : 0n;
        const retryAtMs =
          toGo === null ? null : nowMs + Number((toGo + BigInt(refill) - 1n) / BigInt(refill));
        expect(limiter.view?.retryAtMs).toBe(retryAtMs);
        if (isExpected) {
          left -= BigInt(permits) * every;
          admitted.push([BigInt(nowMs), BigInt(permits)]);
        }
        expect(limiter.view?.remaining).toBe(Number(left / every));
      }
      for (const [index, [fromMs]] of admitted.entries()) {
        let sum = 0n;
        for (const [atMs, permits] of admitted.slice(index)) {
          sum += permits;
          expect(sum * every <= full + (atMs - fromMs) * BigInt(refill)).toBe(true);
        }
      }
    }),
    { numRuns: 3_000, seed: 20_261_130 },
  );
});

it('GCRA decides and shows exactly what the token bucket of the same size does', () => {
  fc.assert(
    fc.property(buckets, steps, (bucket, sequence) => {
      const one = new TestLimiter(tokenBucket(bucket));
      const other = new TestLimiter(gcra(bucket));
      let nowMs = START;
      for (const [elapsed, wanted] of sequence) {
        nowMs += share(bucket.everyMs, elapsed);
        const permits = Math.min(share(bucket.capacity, wanted), AMOUNT_MAX);
        expect(other.take(permits, nowMs)).toBe(one.take(permits, nowMs));
        expect(other.view).toEqual(one.view);
      }
    }),
    { numRuns: 5_000, seed: 20_261_130 },
  );
});

it('burst and rate are set apart: ten at once, then two a second', () => {
  const limiter = new TestLimiter(
    policyOf({ algorithm: 'token-bucket', capacity: 10, refillPermits: 2, refillEveryMs: 1_000 }),
  );
  expect(limiter.burst(20, 1, START)).toBe(10);
  expect(limiter.view).toEqual({
    limit: 10,
    used: 10,
    remaining: 0,
    resetAtMs: START + 5_000,
    retryAtMs: START + 500,
  });
  expect(limiter.burst(20, 1, START + 499)).toBe(0);
  expect(limiter.burst(20, 1, START + 500)).toBe(1);
  expect(limiter.burst(20, 1, START + 3_000)).toBe(5);
});
