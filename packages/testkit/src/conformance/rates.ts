/** Rate limits in the step that reserves: every store that decides counts them as the pure limiters do. */
import {
  type InstantMs,
  type LimiterId,
  limiterId,
  type LimiterPolicy,
  type Outcome,
  peekLimiter,
  type RateAnswer,
  type RateHit,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { TestPurse } from '../test-purse.ts';
import type { Bench } from './tier-under-test.ts';

const MINUTE = 60_000;
type Length = Extract<LimiterPolicy, { algorithm: 'gcra' }>['windowMs'];
const windowMs = MINUTE as Length;

/** `limit` a minute, or at any moment, for each algorithm. */
export function everyLimiter(limit: number): readonly LimiterPolicy[] {
  return [
    { algorithm: 'token-bucket', capacity: limit, refillPermits: limit, refillEveryMs: windowMs },
    { algorithm: 'gcra', limit, windowMs, burst: limit },
    { algorithm: 'fixed-window', limit, windowMs },
    { algorithm: 'sliding-window-counter', limit, windowMs },
    { algorithm: 'sliding-window-log', limit, windowMs },
    { algorithm: 'concurrency', limit },
  ];
}

const EVERY = everyLimiter(100).map((policy) => [policy.algorithm, policy] as const);
const WINDOWS = EVERY.filter(([algorithm]) => algorithm !== 'concurrency');
const SLOTS = { algorithm: 'concurrency', limit: 5 } as const satisfies LimiterPolicy;
const LOG = {
  algorithm: 'sliding-window-log',
  limit: 10,
  windowMs,
} as const satisfies LimiterPolicy;

function limiterOf(purse: TestPurse, name: string): LimiterId {
  return limiterId(purse.tenant, { kind: 'user', name: 'alice {0}' }, name);
}

function hit(purse: TestPurse, name: string, policy: LimiterPolicy, permits: number): RateHit {
  return { limiter: limiterOf(purse, name), policy, permits };
}

function ratesOf(outcome: Outcome): readonly RateAnswer[] {
  return 'rates' in outcome ? (outcome.rates ?? []) : [];
}

function views(outcome: Outcome): readonly (readonly [boolean, number])[] {
  return ratesOf(outcome).map(({ admits, view }) => [admits, view.remaining] as const);
}

/** What of a limiter is left, asked with a reservation that is released again. */
async function left(purse: TestPurse, name: string, policy: LimiterPolicy): Promise<number> {
  const id = purse.id();
  const asked = await purse.reserve('observer', 0, { id, rates: [hit(purse, name, policy, 0)] });
  if (asked.outcome === 'applied') await purse.release(id);
  return ratesOf(asked)[0]?.view.remaining ?? Number.NaN;
}

export function exerciseRates(bench: Bench): void {
  describe('rates', () => {
    it.each(EVERY)(
      '%s: of 50 calls of 20 at once five pass, and each is told',
      async (_, policy) => {
        const { purse, clock } = bench;
        const rates = [hit(purse, 'tpm', policy, 20)];
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => purse.reserve('alice', 1, { rates })),
        );
        const passed = answers.filter(({ outcome }) => outcome === 'applied');
        expect(
          passed.map((answer) => views(answer)[0]?.[1]).toSorted((a, b) => (a ?? 0) - (b ?? 0)),
        ).toEqual([0, 20, 40, 60, 80]);
        const refused = answers.filter(({ outcome }) => outcome === 'denied');
        expect(refused).toHaveLength(45);
        for (const answer of refused) {
          expect(answer).toMatchObject({ shortfalls: [], rates: [{ admits: false }] });
          const [rate] = ratesOf(answer);
          expect(rate?.view).toMatchObject({ limit: 100, used: 100, remaining: 0 });
          expect(rate?.view.retryAtMs).toBeGreaterThan(clock.nowMs());
        }
        expect(await purse.sums('alice')).toMatchObject({ reserved: 5 });
      },
    );

    it.each(WINDOWS)('%s: lets through again at the instant that it named', async (_, policy) => {
      const { purse, clock } = bench;
      const rates = [hit(purse, 'tpm', policy, 40)];
      await purse.open('alice', 1, { rates });
      await purse.open('alice', 1, { rates });
      const id = purse.id();
      const refused = await purse.reserve('alice', 1, { id, rates });
      const retryAtMs = ratesOf(refused)[0]?.view.retryAtMs ?? (0 as InstantMs);
      clock.set((retryAtMs - 1) as InstantMs);
      expect(await purse.reserve('alice', 1, { id, rates })).toMatchObject({ outcome: 'denied' });
      clock.set(retryAtMs);
      expect(await purse.reserve('alice', 1, { id, rates })).toMatchObject({ outcome: 'applied' });
    });

    it('shows what the pure limiter shows', async () => {
      const { purse, clock } = bench;
      for (const [name, policy] of EVERY) {
        const answer = await purse.reserve('alice', 1, { rates: [hit(purse, name, policy, 30)] });
        const [rate] = ratesOf(answer);
        expect(rate).toMatchObject({
          limiter: limiterOf(purse, name),
          admits: true,
          view: { limit: 100, used: 30, remaining: 70, retryAtMs: clock.nowMs() },
        });
        expect(rate?.view.resetAtMs).toBeGreaterThan(clock.nowMs());
        expect(peekLimiter(policy, undefined, 0, clock.nowMs()).remaining).toBe(100);
      }
    });

    it('a call is never let through that asks for more than the limit', async () => {
      const { purse } = bench;
      for (const [name, policy] of EVERY) {
        const answer = await purse.reserve('alice', 1, { rates: [hit(purse, name, policy, 101)] });
        expect(answer).toMatchObject({
          outcome: 'denied',
          rates: [{ admits: false, view: { used: 0, retryAtMs: null } }],
        });
      }
    });

    it('a refusal takes nothing, whichever budget or limiter is in the way', async () => {
      const { purse } = bench;
      const all = EVERY.map(([name, policy]) => hit(purse, name, policy, 10));
      await purse.reserve('alice', 1_001, { rates: all });
      await purse.reserve('alice', 1, { rates: [...all, hit(purse, 'full', LOG, 11)] });
      await purse.reserve(['alice', 'bob'], 1_001, { rates: all });
      for (const [name, policy] of EVERY) expect(await left(purse, name, policy)).toBe(100);
      expect(await purse.sums('alice')).toMatchObject({ reserved: 0 });
    });

    it('tells everything that refuses together, short budgets too, and how the others stand', async () => {
      const { purse } = bench;
      await purse.open('alice', 900, {
        rates: [hit(purse, 'a', LOG, 8), hit(purse, 'b', SLOTS, 5)],
      });
      const answer = await purse.reserve(['alice', 'bob'], 200, {
        rates: [hit(purse, 'a', LOG, 3), hit(purse, 'b', SLOTS, 1), hit(purse, 'c', LOG, 4)],
      });
      expect(answer).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ account: purse.leg('alice').account, missing: 100 }],
      });
      expect(views(answer)).toEqual([
        [false, 2],
        [false, 0],
        [true, 10],
      ]);
    });

    it('a repeat takes nothing more, and shows how things stand', async () => {
      const { purse } = bench;
      const id = purse.id();
      const rates = [hit(purse, 'log', LOG, 4), hit(purse, 'slots', SLOTS, 2)];
      await purse.open('alice', 10, { id, rates });
      await purse.open('alice', 10, { rates });
      const again = await purse.reserve('alice', 10, { id, rates });
      expect(again).toMatchObject({ outcome: 'applied', replayed: true });
      expect(ratesOf(again).map(({ view }) => view.remaining)).toEqual([2, 1]);
      expect(await left(purse, 'log', LOG)).toBe(2);
    });

    it('asking for nothing takes nothing, and is refused once nothing is left', async () => {
      const { purse } = bench;
      const ask = [hit(purse, 'log', LOG, 0)];
      await purse.open('alice', 1, { rates: ask });
      await purse.open('alice', 1, { rates: [hit(purse, 'log', LOG, 10)] });
      expect(await purse.reserve('alice', 1, { rates: ask })).toMatchObject({
        outcome: 'denied',
        rates: [{ admits: false, view: { remaining: 0 } }],
      });
    });

    it('limiters count apart: by name, and by tenant', async () => {
      const { purse } = bench;
      await purse.open('alice', 1, { rates: [hit(purse, 'one', LOG, 10)] });
      expect(await left(purse, 'other', LOG)).toBe(10);
    });

    it('a limit that changes acts on the next call, and forgets nothing', async () => {
      const { purse } = bench;
      await purse.open('alice', 1, { rates: [hit(purse, 'log', LOG, 8)] });
      expect(await left(purse, 'log', { ...LOG, limit: 20 })).toBe(12);
      expect(await left(purse, 'log', { ...LOG, limit: 5 })).toBe(0);
      // Another way to count begins anew.
      expect(await left(purse, 'log', { algorithm: 'fixed-window', limit: 5, windowMs })).toBe(5);
    });
  });

  describe('slots', () => {
    const open = (ttlMs = 60_000, permits = 2) =>
      bench.purse.open('alice', 10, { ttlMs, rates: [hit(bench.purse, 'slots', SLOTS, permits)] });

    it('are free once the call is settled or released, and only then', async () => {
      const { purse } = bench;
      const [settled, released] = [await open(), await open()];
      await purse.settle(settled, 3, { final: false });
      expect(await left(purse, 'slots', SLOTS)).toBe(1);
      await purse.settle(settled, 5);
      expect(await left(purse, 'slots', SLOTS)).toBe(3);
      await purse.release(released);
      await purse.release(released);
      expect(await left(purse, 'slots', SLOTS)).toBe(5);
    });

    it('are free at the deadline, whether somebody sweeps or not', async () => {
      const { purse, clock } = bench;
      const one = await open(1_000);
      await open(1_000);
      await purse.extend(one, { dispatched: true, ttlMs: 1_000 });
      clock.advance(999);
      expect(await left(purse, 'slots', SLOTS)).toBe(1);
      clock.advance(1);
      expect(await left(purse, 'slots', SLOTS)).toBe(5);
      await purse.expire(one);
      expect(await left(purse, 'slots', SLOTS)).toBe(5);
      await purse.settle(one, 4);
      expect(await left(purse, 'slots', SLOTS)).toBe(5);
    });

    it('are held as long as the call is extended', async () => {
      const { purse, clock } = bench;
      const id = await open(1_000);
      for (let beat = 0; beat < 5; beat += 1) {
        clock.advance(900);
        await purse.extend(id, { ttlMs: 1_000 });
      }
      expect(await left(purse, 'slots', SLOTS)).toBe(3);
      clock.advance(1_000);
      expect(await left(purse, 'slots', SLOTS)).toBe(5);
    });
  });

  describe('charges', () => {
    it.each(WINDOWS)(
      '%s: the true number takes the place of the estimate, once',
      async (_, policy) => {
        const { purse } = bench;
        const rates = [hit(purse, 'tpm', policy, 40)];
        const [less, more] = [
          await purse.open('alice', 10, { rates }),
          await purse.open('alice', 10, { rates }),
        ];
        const charge = (permits: number) => [hit(purse, 'tpm', policy, permits)];
        expect(views(await purse.settle(less, 5, { charges: charge(10) }))).toEqual([[true, 50]]);
        expect(views(await purse.settle(more, 5, { charges: charge(55) }))).toEqual([[true, 35]]);
        expect(await purse.settle(more, 5, { charges: charge(55) })).toMatchObject({
          replayed: true,
        });
        expect(await left(purse, 'tpm', policy)).toBe(35);
      },
    );

    it.each(WINDOWS)('%s: are taken above the limit, and later calls wait', async (_, policy) => {
      const { purse, clock } = bench;
      const ask = [hit(purse, 'output', policy, 0)];
      const id = await purse.open('alice', 10, { rates: ask });
      const charged = await purse.settle(id, 5, { charges: [hit(purse, 'output', policy, 130)] });
      expect(ratesOf(charged)[0]).toMatchObject({
        admits: true,
        view: { used: 130, remaining: 0 },
      });
      const refused = await purse.reserve('alice', 1, { rates: ask });
      expect(refused).toMatchObject({ outcome: 'denied', shortfalls: [] });
      clock.set(ratesOf(refused)[0]?.view.retryAtMs ?? clock.nowMs());
      expect(await purse.reserve('alice', 1, { rates: ask })).toMatchObject({ outcome: 'applied' });
    });

    it('of nothing at all leave a log as if the call had not been there', async () => {
      const { purse, clock } = bench;
      await purse.open('alice', 10, { rates: [hit(purse, 'log', LOG, 4)] });
      clock.advance(1_000);
      const nothing = await purse.open('alice', 10, { rates: [hit(purse, 'log', LOG, 3)] });
      await purse.settle(nothing, 0, { charges: [hit(purse, 'log', LOG, 0)] });
      expect(await left(purse, 'log', LOG)).toBe(6);
      // In the millisecond of the one that is gone.
      await purse.open('alice', 10, { rates: [hit(purse, 'log', LOG, 5)] });
      expect(await left(purse, 'log', LOG)).toBe(1);
      clock.advance(59_000);
      expect(await left(purse, 'log', LOG)).toBe(5);
      clock.advance(1_000);
      expect(await left(purse, 'log', LOG)).toBe(10);
    });

    it('a partial settlement charges nothing, a settlement after the deadline does', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 10, {
        ttlMs: 1_000,
        rates: [hit(purse, 'log', LOG, 1)],
      });
      const charges = [hit(purse, 'log', LOG, 7)];
      await purse.settle(id, 2, { final: false, charges });
      expect(await left(purse, 'log', LOG)).toBe(9);
      clock.advance(1_000);
      await purse.expire(id);
      expect(await purse.settle(id, 5, { charges })).toMatchObject({ late: true });
      expect(await left(purse, 'log', LOG)).toBe(3);
    });

    it('of a settlement that is refused are not taken', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 10, { rates: [hit(purse, 'log', LOG, 1)] });
      await purse.settle(id, 5);
      expect(await purse.settle(id, 6, { charges: [hit(purse, 'log', LOG, 9)] })).toMatchObject({
        outcome: 'rejected',
      });
      expect(await left(purse, 'log', LOG)).toBe(9);
    });
  });
}
