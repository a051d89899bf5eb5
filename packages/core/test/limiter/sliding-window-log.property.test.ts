/** The log is exact: on 100,000 random sequences it decides and shows what adding everything up by hand does. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { policyOf, START, TestLimiter } from './limiters.ts';

const SEQUENCES = 100_000;
const steps = fc.array(
  fc.tuple(fc.constantFrom(0, 0, 1, 1, 2, 5, 9, 10, 11, 30), fc.constantFrom(0, 1, 1, 2, 3, 7)),
  { minLength: 1, maxLength: 12 },
);

/** Every take that was ever admitted, and nothing clever. */
class Oracle {
  readonly #taken: (readonly [number, number])[] = [];

  used(nowMs: number): number {
    return this.#taken
      .filter(([atMs]) => atMs > nowMs - 10)
      .reduce((sum, [, permits]) => sum + permits, 0);
  }

  fits(permits: number, limit: number, nowMs: number): boolean {
    return this.used(nowMs) + Math.max(1, permits) <= limit;
  }

  take(permits: number, nowMs: number): void {
    this.#taken.push([nowMs, permits]);
  }

  /** The first millisecond at which it fits. */
  retry(permits: number, limit: number, nowMs: number): number | null {
    if (Math.max(1, permits) > limit) return null;
    let atMs = nowMs;
    while (!this.fits(permits, limit, atMs)) atMs += 1;
    return atMs;
  }
}

it(
  `decides as a sum over everything admitted in ${SEQUENCES} sequences, and keeps at most as many entries as its limit`,
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), steps, (limit, sequence) => {
        const policy = policyOf({ algorithm: 'sliding-window-log', limit, windowMs: 10 });
        const limiter = new TestLimiter(policy);
        const oracle = new Oracle();
        let nowMs = START;
        for (const [elapsed, permits] of sequence) {
          nowMs += elapsed;
          const isExpected = oracle.fits(permits, limit, nowMs);
          const retryAtMs = oracle.retry(permits, limit, nowMs);
          const before = JSON.stringify(limiter.state);
          if (limiter.take(permits, nowMs) !== isExpected) return false;
          if (isExpected) oracle.take(permits, nowMs);
          else if (JSON.stringify(limiter.state) !== before) return false;
          const { view, state } = limiter;
          if (view?.used !== oracle.used(nowMs) || view.retryAtMs !== retryAtMs) return false;
          if (state?.algorithm === 'sliding-window-log' && state.entries.length > limit)
            return false;
        }
        return true;
      }),
      { numRuns: SEQUENCES, seed: 20_261_130 },
    );
  },
);

it('counts calls of the same millisecond one by one', () => {
  const limiter = new TestLimiter(
    policyOf({ algorithm: 'sliding-window-log', limit: 3, windowMs: 10 }),
  );
  expect(limiter.burst(5, 1, START)).toBe(3);
  expect(limiter.burst(5, 1, START + 9)).toBe(0);
  expect(limiter.burst(5, 1, START + 10)).toBe(3);
});
