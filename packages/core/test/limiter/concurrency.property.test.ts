/** Slots: held by a reservation until it ends or its deadline passes, whatever happens in between. */
import {
  decideLimiter,
  endSlots,
  extendSlots,
  type InstantMs,
  limiterEndsAtMs,
  type LimiterState,
  peekLimiter,
} from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { policyNamed, policyOf, START, takeOf, TestLimiter } from './limiters.ts';

const LIMIT = 5;
const policy = policyNamed('concurrency', LIMIT);
const steps = fc.array(
  fc.record({
    what: fc.constantFrom('take', 'take', 'take', 'end', 'extend', 'wait'),
    holder: fc.nat(9),
    permits: fc.integer({ min: 1, max: 6 }),
    ms: fc.constantFrom(0, 1, 500, 1_000, 5_000),
  }),
  { minLength: 1, maxLength: 40 },
);

it('holds what a list of holders with deadlines does', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      let state: LimiterState | undefined;
      let holders = new Map<number, { readonly permits: number; readonly untilMs: number }>();
      let nowMs = START as InstantMs;
      for (const { what, holder, permits, ms } of sequence) {
        if (what === 'wait') nowMs = (nowMs + ms) as InstantMs;
        holders = new Map([...holders].filter(([, { untilMs }]) => untilMs > nowMs));
        const used = [...holders.values()].reduce((sum, { permits: held }) => sum + held, 0);
        const take = takeOf(permits, nowMs, holder, ms);
        if (what === 'take' && !holders.has(holder)) {
          const answer = decideLimiter(policy, state, take, nowMs);
          expect(answer.admitted).toBe(used + permits <= LIMIT);
          if (answer.admitted) holders.set(holder, { permits, untilMs: nowMs + ms });
          state = answer.state;
        } else if (what === 'end') {
          state = endSlots(state, take.reservation, nowMs);
          holders.delete(holder);
        } else if (what === 'extend' && holders.has(holder)) {
          state = extendSlots(
            state,
            { ...take, permits: holders.get(holder)?.permits ?? 0 },
            nowMs,
          );
          holders.set(holder, { permits: holders.get(holder)?.permits ?? 0, untilMs: nowMs + ms });
        }
        const left = [...holders.values()].filter(({ untilMs }) => untilMs > nowMs);
        expect(peekLimiter(policy, state, 0, nowMs).used).toBe(
          left.reduce((sum, { permits: held }) => sum + held, 0),
        );
        const lastMs = left.reduce((last, { untilMs }) => Math.max(last, untilMs), nowMs as number);
        expect(limiterEndsAtMs(policy, state, nowMs)).toBeGreaterThanOrEqual(lastMs);
      }
    }),
    { numRuns: 2_000, seed: 20_261_130 },
  );
});

it('is nothing at all once the last holder is gone', () => {
  const limiter = new TestLimiter(policy);
  limiter.take(3, START);
  expect(
    endSlots(limiter.state, takeOf(0, START, 1).reservation, START as InstantMs),
  ).toBeUndefined();
});

it('a call that goes on past its deadline holds its slots again, above the limit if need be', () => {
  const limiter = new TestLimiter(policy);
  limiter.take(5, START, 1_000);
  expect(limiter.take(5, START + 1_000, 1_000)).toBe(true);
  const nowMs = (START + 1_000) as InstantMs;
  const state = extendSlots(limiter.state, takeOf(5, nowMs, 1, 2_000), nowMs);
  expect(peekLimiter(policy, state, 1, nowMs)).toMatchObject({ used: 10, remaining: 0 });
  expect(peekLimiter(policy, state, 1, (nowMs + 1_000) as InstantMs)).toMatchObject({ used: 5 });
});

it('a share of held money is counted in the same way: weights of nano-USD', () => {
  const share = new TestLimiter(policyOf({ algorithm: 'concurrency', limit: 5_000_000_000 }));
  expect(share.take(3_000_000_000, START)).toBe(true);
  expect(share.take(2_000_000_001, START)).toBe(false);
  expect(share.take(2_000_000_000, START)).toBe(true);
});
