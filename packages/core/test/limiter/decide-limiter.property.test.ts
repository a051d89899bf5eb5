/** What holds for every algorithm: nothing is taken by a refusal, clocks that jump, views that tell the truth. */
import {
  chargeLimiter,
  decideLimiter,
  type InstantMs,
  type LimiterPolicy,
  limiterEndsAtMs,
  limitOfLimiter,
  type LimiterState,
  peekLimiter,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyPolicy, MINUTE, policyNamed, START, takeOf, TestLimiter } from './limiters.ts';

const HOUR = 60 * MINUTE;
const POLICIES = everyPolicy(10).map((policy) => [policy.algorithm, policy] as const);
const steps = fc.array(
  fc.tuple(
    fc.constantFrom(0, 1, 999, 6_000, 20_000, 30_000, 59_999, 60_000, 70_000, 2 * HOUR),
    fc.constantFrom(0, 1, 1, 2, 3, 5, 10, 11),
  ),
  { minLength: 1, maxLength: 20 },
);

function afterSteps(policy: LimiterPolicy, sequence: readonly (readonly [number, number])[]) {
  const limiter = new TestLimiter(policy);
  let nowMs = START;
  for (const [elapsed, permits] of sequence) {
    nowMs += elapsed;
    limiter.take(permits, nowMs);
  }
  return { state: limiter.state, nowMs: nowMs as InstantMs };
}

describe.each(POLICIES)('%s', (algorithm, policy) => {
  it('keeps its state when it refuses, and shows what is so', () => {
    fc.assert(
      fc.property(steps, fc.nat(12), (sequence, permits) => {
        const { state, nowMs } = afterSteps(policy, sequence);
        const take = takeOf(permits, nowMs, 99);
        const answer = decideLimiter(policy, state, take, nowMs);
        const { limit, used, remaining, resetAtMs, retryAtMs } = answer.view;
        expect(limit).toBe(10);
        expect(remaining).toBe(Math.max(0, limit - used));
        expect(resetAtMs).toBeGreaterThanOrEqual(nowMs);
        if (answer.admitted) {
          expect(retryAtMs).toBe(nowMs);
          expect(used).toBe(peekLimiter(policy, state, 0, nowMs).used + permits);
        } else {
          expect(answer.state).toBe(state);
          expect(answer.view).toEqual(peekLimiter(policy, state, permits, nowMs));
          expect(retryAtMs === null).toBe(permits > limit);
        }
      }),
    );
  });

  it('admits at the instant that it names, and (slots aside) not a millisecond before', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 10 }), (sequence, permits) => {
        const { state, nowMs } = afterSteps(policy, sequence);
        const { retryAtMs } = peekLimiter(policy, state, permits, nowMs);
        if (retryAtMs === null || retryAtMs === nowMs || algorithm === 'concurrency') return;
        const at = (atMs: number) =>
          decideLimiter(policy, state, takeOf(permits, atMs, 99), atMs as InstantMs).admitted;
        expect(at(retryAtMs)).toBe(true);
        expect(at(retryAtMs - 1)).toBe(false);
      }),
    );
  });

  it('is as good as new at the instant at which it resets, and not before', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const { state, nowMs } = afterSteps(policy, sequence);
        const endsAtMs = limiterEndsAtMs(policy, state, nowMs);
        expect(peekLimiter(policy, state, 1, endsAtMs)).toEqual(
          peekLimiter(policy, undefined, 1, endsAtMs),
        );
        if (endsAtMs > nowMs && algorithm !== 'concurrency') {
          expect(peekLimiter(policy, state, 1, (endsAtMs - 1) as InstantMs).used).toBeGreaterThan(
            0,
          );
        }
      }),
    );
  });

  it('a clock that goes back refills nothing, nor does one that goes back and forth', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: HOUR }), (sequence, backMs) => {
        const { state, nowMs } = afterSteps(policy, sequence);
        const { used } = peekLimiter(policy, state, 0, nowMs);
        const backAtMs = (nowMs - backMs) as InstantMs;
        const back = decideLimiter(policy, state, takeOf(1, backAtMs, 99), backAtMs);
        expect(back.view.used).toBeGreaterThanOrEqual(used);
        const again = peekLimiter(policy, back.state, 0, nowMs);
        expect(again.used).toBeGreaterThanOrEqual(used);
      }),
    );
  });

  it('a pause of two hours fills it to its limit and no further', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const { state, nowMs } = afterSteps(policy, sequence);
        const limiter = new TestLimiter(policy);
        limiter.state = state;
        expect(limiter.burst(50, 1, nowMs + 2 * HOUR)).toBe(limitOfLimiter(policy));
      }),
    );
  });

  it('a state of another algorithm counts as none', () => {
    for (const other of everyPolicy(10)) {
      if (other.algorithm === algorithm) continue;
      const limiter = new TestLimiter(other);
      limiter.burst(20, 1, START);
      limiter.state = JSON.parse(JSON.stringify(limiter.state)) as LimiterState;
      const view = peekLimiter(policy, limiter.state, 0, START as InstantMs);
      expect(view.remaining).toBe(10);
    }
  });

  it('counts what is in use, so that another limit acts at once and forgets nothing', () => {
    const limiter = new TestLimiter(policy);
    limiter.burst(8, 1, START);
    const remaining = (limit: number) =>
      peekLimiter(policyNamed(algorithm, limit), limiter.state, 0, START as InstantMs).remaining;
    // GCRA keeps time: 48 seconds of this minute, which are 16 of 20.
    const left = algorithm === 'gcra' ? [4, 1, 1] : [12, 0, 0];
    expect([remaining(20), remaining(8), remaining(5)]).toEqual(left);
  });

  it('a limit of 0 lets nothing through, ever', () => {
    const none = policyNamed(algorithm === 'gcra' ? 'token-bucket' : algorithm, 1);
    const zero = { ...none, ...('capacity' in none ? { capacity: 0 } : { limit: 0 }) };
    const limiter = new TestLimiter(zero);
    expect(limiter.burst(3, 1, START)).toBe(0);
    expect(limiter.view?.retryAtMs).toBeNull();
  });
});

describe.each(POLICIES.filter(([algorithm]) => algorithm !== 'concurrency'))(
  '%s, charged',
  (algorithm, policy) => {
    const by = (takenAtMs: number) => ({
      ...takeOf(0, START, 98),
      takenAtMs: takenAtMs as InstantMs,
    });

    it('takes even above its limit, and lets nothing through until the debt has run off', () => {
      const { state, view } = chargeLimiter(policy, undefined, 15, by(START), START as InstantMs);
      expect(view).toMatchObject({ used: 15, remaining: 0 });
      const { retryAtMs } = peekLimiter(policy, state, 1, START as InstantMs);
      expect(retryAtMs).toBeGreaterThan(START);
      const limiter = new TestLimiter(policy);
      limiter.state = state;
      expect(limiter.burst(5, 1, (retryAtMs ?? 0) - 1)).toBe(0);
      expect(limiter.take(1, retryAtMs ?? 0)).toBe(true);
    });

    it('gives back what an estimate took too much, and no more than is in use', () => {
      const limiter = new TestLimiter(policy);
      limiter.take(8, START + 10);
      const nowMs = (START + 10) as InstantMs;
      const less = chargeLimiter(policy, limiter.state, -5, by(START + 10), nowMs);
      expect(less.view).toMatchObject({ used: 3, remaining: 7 });
      const all = chargeLimiter(policy, less.state, -9, by(START + 10), nowMs);
      expect(all).toMatchObject({ state: undefined, view: { used: 0, remaining: 10 } });
    });

    it('gives nothing back that does not count any more', () => {
      const limiter = new TestLimiter(policy);
      limiter.take(8, START);
      const lateMs = START + 2 * MINUTE;
      limiter.take(2, lateMs);
      const { view } = chargeLimiter(policy, limiter.state, -8, by(START), lateMs as InstantMs);
      // A bucket cannot tell one permit from another: it gives back what is in use.
      expect(view.used).toBe(['token-bucket', 'gcra'].includes(algorithm) ? 0 : 2);
    });
  },
);

describe('F09 Token rate limit under concurrency', () => {
  it.each(everyPolicy(100).map((policy) => [policy.algorithm, policy] as const))(
    '%s: of 50 calls of 20 tokens at once, five pass',
    (_algorithm, policy) => {
      const limiter = new TestLimiter(policy);
      expect(limiter.burst(50, 20, START)).toBe(5);
    },
  );

  it.each([
    ['sliding-window-log', policyNamed('sliding-window-log', 100)],
    // Burst and rate add up to what may pass in a minute.
    ['token-bucket', { ...policyNamed('token-bucket', 20), refillPermits: 80 }],
    ['gcra', { ...policyNamed('gcra', 80), burst: 20 }],
  ] as const)('%s: at most five pass in any minute, however they arrive', (_name, policy) => {
    const limiter = new TestLimiter(policy as LimiterPolicy);
    const passed: number[] = [];
    for (let nowMs = START; nowMs < START + 10 * MINUTE; nowMs += 1_700) {
      const count = limiter.burst(50, 20, nowMs);
      passed.push(...Array.from({ length: count }, () => nowMs));
      expect(passed.filter((atMs) => atMs > nowMs - MINUTE).length).toBeLessThanOrEqual(5);
    }
    expect(passed.length).toBeGreaterThanOrEqual(40);
  });

  it('fixed-window: at most five pass in each minute of the clock', () => {
    const limiter = new TestLimiter(policyNamed('fixed-window', 100));
    for (let minute = 0; minute < 5; minute += 1) {
      const startMs = START + minute * MINUTE;
      const passed = [0, 20_000, 59_999].map((atMs) => limiter.burst(50, 20, startMs + atMs));
      expect(passed).toEqual([5, 0, 0]);
    }
  });
});
