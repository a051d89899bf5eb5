import {
  type AccountId,
  accountId,
  type AccountTerms,
  amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  MONTHLY_UTC,
  type Period,
  periodAt,
  type PeriodRule,
  type ReservationId,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { termsOf } from './terms.ts';
import type { Bench } from './tier-under-test.ts';

const WEEKLY: PeriodRule = { every: 'week', zone: 'UTC' };
const DAILY: PeriodRule = { every: 'day', zone: 'UTC' };
const at = (iso: string) => Date.parse(iso) as InstantMs;
const DAY_MS = 86_400_000;
const TRIES_MIN = 2;
const TRIES_MAX = 500;

/** One user's budget, whose rule is changed by policies of rising versions. */
class ChangingBudget {
  readonly #bench: Bench;
  readonly #user: string;
  #rule: PeriodRule;
  #terms: AccountTerms;

  constructor(bench: Bench, rule: PeriodRule, limit: number | null, user = 'alice') {
    this.#bench = bench;
    this.#user = user;
    this.#rule = rule;
    this.#terms = termsOf(limit);
  }

  change(rule: PeriodRule, limit: number | null): void {
    this.#rule = rule;
    this.#terms = termsOf(limit, { version: this.#terms.version + 1 });
  }

  leg(): { account: AccountId; period: Period; terms: AccountTerms } {
    const { purse, clock } = this.#bench;
    const period = periodAt(this.#rule, clock.nowMs());
    const budget = budgetId(purse.tenant, { kind: 'user', name: this.#user });
    return { account: accountId(budget, period), period, terms: this.#terms };
  }

  async reserve(nanoUsd: number): Promise<{ outcome: string; id: ReservationId }> {
    const { purse } = this.#bench;
    const id = purse.id();
    const { outcome } = await purse.execute({
      kind: 'reserve',
      reservation: id,
      fingerprint: 'x' as Fingerprint,
      legs: [this.leg()],
      amount: amount(nanoUsd),
      ttlMs: (40 * DAY_MS) as DurationMs,
      terms: null,
    });
    return { outcome, id };
  }

  async open(nanoUsd: number): Promise<ReservationId> {
    const { outcome, id } = await this.reserve(nanoUsd);
    if (outcome !== 'applied') throw new Error(`expected to be admitted, got ${outcome}`);
    return id;
  }

  async spend(nanoUsd: number): Promise<void> {
    await this.#bench.purse.settle(await this.open(nanoUsd), nanoUsd);
    await this.home();
  }

  /** Has what copies have booked brought to the ledger, as it is long before time moves on by days. */
  async home(): Promise<void> {
    await this.#bench.tier.entries({ account: this.leg().account, limit: 1 });
  }

  /** A call of nothing, which every account lets through. */
  async touch(): Promise<void> {
    await this.spend(0);
  }

  /**
   * What an account, by default the present one, shows as spent once those who look at it now and then have done so:
   * `expected` as soon as whoever has to do something for it has done it.
   */
  async shown(expected: number, account = this.leg().account): Promise<number> {
    const { tier, clock } = this.#bench;
    const settled = async () => (await tier.account(account))?.settled ?? 0;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (tries >= TRIES_MIN && (await settled()) === expected) break;
      clock.advance(5_000);
      await tier.sweep(1_000);
      // Holders of leases are asked to give them back, and look in real time.
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
    await this.home();
    return settled();
  }
}

const RULES: readonly PeriodRule[] = [
  MONTHLY_UTC,
  WEEKLY,
  DAILY,
  { every: 'day', zone: 'Asia/Kathmandu' },
  { every: 'month', anchorDay: 31, zone: 'America/St_Johns' },
  { every: 'quarter', zone: 'Europe/Berlin' },
  { every: 'lifetime' },
];

export function exerciseCarry(bench: Bench): void {
  describe('a changed period rule', () => {
    it('opens the week with what its calls have cost in the month, and the next week with nothing', async () => {
      const { clock } = bench;
      const budget = new ChangingBudget(bench, MONTHLY_UTC, 100);
      clock.set(at('2026-11-04T12:00:00Z'));
      await budget.spend(68);
      clock.set(at('2026-11-10T12:00:00Z'));
      await budget.spend(12);
      clock.set(at('2026-11-12T12:00:00Z'));
      budget.change(WEEKLY, 25);
      expect(await budget.reserve(14)).toMatchObject({ outcome: 'denied' });
      await budget.touch();
      expect(await budget.shown(12)).toBe(12);
      expect(await budget.reserve(14)).toMatchObject({ outcome: 'denied' });
      await budget.spend(13);
      expect(await budget.shown(25)).toBe(25);
      clock.set(at('2026-11-16T00:00:00Z'));
      await budget.spend(25);
      expect(await budget.shown(25)).toBe(25);
    });

    it('goes on with the month when it is changed back, with what the weeks have booked in it', async () => {
      const { clock } = bench;
      const budget = new ChangingBudget(bench, WEEKLY, null);
      clock.set(at('2026-10-31T12:00:00Z'));
      await budget.spend(7);
      clock.set(at('2026-11-01T12:00:00Z'));
      await budget.spend(30);
      budget.change(MONTHLY_UTC, 100);
      await budget.touch();
      expect(await budget.shown(30)).toBe(30);
      await budget.spend(20);
      expect(await budget.shown(50)).toBe(50);
      clock.set(at('2026-11-12T12:00:00Z'));
      budget.change(WEEKLY, 25);
      await budget.touch();
      expect(await budget.shown(0)).toBe(0);
      await budget.spend(10);
      clock.set(at('2026-11-13T12:00:00Z'));
      budget.change(MONTHLY_UTC, 100);
      expect(await budget.reserve(41)).toMatchObject({ outcome: 'denied' });
      await budget.touch();
      expect(await budget.shown(60)).toBe(60);
      expect(await budget.reserve(41)).toMatchObject({ outcome: 'denied' });
      await budget.spend(40);
      expect(await budget.reserve(1)).toMatchObject({ outcome: 'denied' });
    });

    it.each([
      ['less', 5],
      ['more', 90],
      ['nothing', 0],
    ])('carries what is open at the change, and %s once it ends so', async (_what, cost) => {
      const { clock, purse } = bench;
      clock.set(at('2026-11-12T12:00:00Z'));
      const budget = new ChangingBudget(bench, MONTHLY_UTC, 100);
      const open = await budget.open(40);
      budget.change(WEEKLY, 60);
      expect(await budget.reserve(21)).toMatchObject({ outcome: 'denied' });
      await budget.touch();
      expect(await budget.shown(40)).toBe(40);
      if (cost === 0) await purse.release(open);
      else await purse.settle(open, cost);
      expect(await budget.shown(cost)).toBe(cost);
      expect((await budget.reserve(Math.max(1, 61 - cost))).outcome).toBe('denied');
      if (cost <= 60) await budget.spend(60 - cost);
    });

    it('leaves a call to the period in which it was made, though it ends in the next', async () => {
      const { clock, purse } = bench;
      const budget = new ChangingBudget(bench, MONTHLY_UTC, null);
      clock.set(at('2026-11-12T23:59:00Z'));
      const [ended, open] = [await budget.open(40), await budget.open(20)];
      clock.set(at('2026-11-13T00:00:30Z'));
      await purse.settle(ended, 50);
      await budget.spend(3);
      budget.change(DAILY, null);
      await budget.touch();
      expect(await budget.shown(3)).toBe(3);
      await purse.settle(open, 30);
      expect(await budget.shown(3)).toBe(3);
    });

    it('carries nothing of calls that were made after its period', async () => {
      const { clock, purse } = bench;
      const budget = new ChangingBudget(bench, MONTHLY_UTC, null);
      clock.set(at('2026-11-12T23:00:00Z'));
      const open = await budget.open(40);
      budget.change(DAILY, null);
      await budget.touch();
      const { account: day } = budget.leg();
      budget.change(MONTHLY_UTC, null);
      clock.set(at('2026-11-13T00:00:00Z'));
      await budget.spend(5);
      await purse.settle(open, 9);
      expect(await budget.shown(9, day)).toBe(9);
    });

    it('charges a month that has just begun in another zone with nothing from before', async () => {
      const { clock } = bench;
      const budget = new ChangingBudget(bench, MONTHLY_UTC, null);
      clock.set(at('2026-11-30T22:59:59Z'));
      await budget.spend(50);
      clock.set(at('2026-11-30T23:00:00Z'));
      await budget.spend(7);
      clock.set(at('2026-11-30T23:30:00Z'));
      budget.change({ every: 'month', zone: 'Europe/Berlin' }, 8);
      expect(await budget.reserve(2)).toMatchObject({ outcome: 'denied' });
      await budget.touch();
      expect(await budget.shown(7)).toBe(7);
      await budget.spend(1);
    });

    it('takes corrections by people along, and leaves grants and what was carried where they are', async () => {
      const { clock, purse } = bench;
      clock.set(at('2026-11-12T12:00:00Z'));
      const budget = new ChangingBudget(bench, MONTHLY_UTC, null);
      await budget.spend(20);
      await purse.adjust('alice', 'sorry', -8);
      await purse.grant('alice', 'gift', 500);
      budget.change(WEEKLY, 100);
      await budget.touch();
      expect(await budget.shown(12)).toBe(12);
      expect(await budget.reserve(89)).toMatchObject({ outcome: 'denied' });
      budget.change({ every: 'year', zone: 'UTC' }, 100);
      await budget.touch();
      expect(await budget.shown(12)).toBe(12);
    });

    it('carries nothing for a budget that has spent nothing', async () => {
      const { clock, tier } = bench;
      clock.set(at('2026-11-12T12:00:00Z'));
      const budget = new ChangingBudget(bench, MONTHLY_UTC, 100);
      await budget.touch();
      budget.change(WEEKLY, 10);
      await budget.touch();
      expect(await budget.shown(0)).toBe(0);
      await budget.spend(10);
      expect(await budget.shown(10)).toBe(10);
      const entries = await tier.entries({ account: budget.leg().account, limit: 10 });
      const carried = entries.filter(({ kind }) => kind === 'adjust');
      expect(carried.reduce((sum, entry) => sum + entry.amount, 0)).toBe(0);
    });

    it('shows what it would show if the new rule had always been in force', async () => {
      const { clock, purse } = bench;
      let users = 0;
      const rule = fc.constantFrom(...RULES);
      const step = fc.record({
        rule: fc.option(rule, { freq: 1, nil: undefined }),
        hours: fc.integer({ min: 0, max: 100 }),
        cost: fc.nat({ max: 1_000 }),
        isLate: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          rule,
          fc.array(step, { minLength: 2, maxLength: 8 }),
          async (first, steps) => {
            users += 1;
            clock.set(at('2026-10-01T00:00:00Z'));
            const budget = new ChangingBudget(bench, first, null, `user-${users}`);
            const calls: { readonly atMs: number; readonly cost: number }[] = [];
            const open: { readonly id: ReservationId; readonly cost: number }[] = [];
            for (const { rule: next, hours, cost, isLate } of steps) {
              clock.advance(hours * 3_600_000);
              if (next !== undefined) budget.change(next, null);
              const id = await budget.open(500);
              if (isLate) open.push({ id, cost });
              else await purse.settle(id, cost);
              await budget.home();
              calls.push({ atMs: clock.nowMs(), cost });
            }
            for (const { id, cost } of open) await purse.settle(id, cost);
            const { startAtMs, endAtMs } = budget.leg().period;
            const always = calls
              .filter(({ atMs }) => atMs >= startAtMs && atMs < endAtMs)
              .reduce((sum, { cost }) => sum + cost, 0);
            expect(await budget.shown(always)).toBe(always);
          },
        ),
        { seed: 41, numRuns: 12 },
      );
    }, 120_000);
  });
}
