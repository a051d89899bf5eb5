import {
  type AccountId,
  accountId,
  type Amount,
  budgetId,
  type CarryView,
  carryOver,
  conversionAt,
  DIRECT,
  type InstantMs,
  type LedgerEntry,
  type LedgerEntryKind,
  MONTHLY_UTC,
  periodAt,
  type PeriodRule,
  type ReservationId,
  type SignedAmount,
  type TenantId,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const WEEKLY: PeriodRule = { every: 'week', zone: 'UTC' };
const BUDGET = budgetId('acme' as TenantId, { kind: 'user', name: 'alice' });
const at = (iso: string) => Date.parse(iso) as InstantMs;
const THURSDAY = at('2026-11-12T12:00:00Z');
const MONDAY = at('2026-11-09T00:00:00Z');
const accountAt = (rule: PeriodRule, when: InstantMs) => accountId(BUDGET, periodAt(rule, when));
const MONTH = accountAt(MONTHLY_UTC, THURSDAY);
const WEEK = accountAt(WEEKLY, THURSDAY);

function entry(
  account: AccountId,
  atMs: number,
  amount: number,
  of: { kind?: LedgerEntryKind; reservation?: string | null; key?: string } = {},
): LedgerEntry {
  const { kind = 'settle', reservation = 'r1', key = 'end' } = of;
  return {
    account,
    sequence: 1,
    kind,
    reservation: reservation as ReservationId | null,
    key,
    lease: DIRECT,
    amount: amount as SignedAmount,
    atMs: atMs as InstantMs,
    detail: null,
  };
}
const carry = (account: AccountId, amount: number, key: string) =>
  entry(account, THURSDAY, amount, { kind: 'adjust', reservation: null, key });

function carried(entries: readonly LedgerEntry[], more: Partial<CarryView> = {}) {
  return carryOver({
    account: WEEK,
    bookedSinceMs: MONDAY,
    entries,
    keptAside: 0 as Amount,
    ...more,
  });
}

describe('a changed period rule', () => {
  it('leaves the account alone when only the limit changed, or nothing that matters (F38)', () => {
    expect(conversionAt(MONTHLY_UTC, { ...MONTHLY_UTC }, THURSDAY)).toEqual({
      kind: 'same',
      period: periodAt(MONTHLY_UTC, THURSDAY),
    });
    const days = { every: 'days' as const, count: 7, zone: 'UTC' };
    expect(
      conversionAt({ ...days, from: '2026-11-02' }, { ...days, from: '2026-11-16' }, THURSDAY).kind,
    ).toBe('same');
  });

  it('charges new calls to the account of the new period, with what was booked since it began', () => {
    expect(conversionAt(MONTHLY_UTC, WEEKLY, THURSDAY)).toEqual({
      kind: 'moved',
      from: periodAt(MONTHLY_UTC, THURSDAY),
      to: periodAt(WEEKLY, THURSDAY),
      bookedSinceMs: MONDAY,
    });
    const zoned = conversionAt(MONTHLY_UTC, { every: 'month', zone: 'Asia/Tokyo' }, THURSDAY);
    expect(zoned).toMatchObject({
      kind: 'moved',
      to: { id: '2026-11@Asia.Tokyo' },
      bookedSinceMs: at('2026-10-31T15:00:00Z'),
    });
  });

  it('neither forgives what was spent in the new period nor charges it for what was before', () => {
    const booked = [
      entry(MONTH, MONDAY - 1, 68, { reservation: 'r1' }),
      entry(MONTH, MONDAY, 7, { reservation: 'r2' }),
      entry(MONTH, THURSDAY, 5, { reservation: 'r3', kind: 'expire' }),
    ];
    expect(carried(booked)).toEqual({ key: 'carry:1', amount: 12 });
    // From weeks to the month it is in: whatever the weeks' accounts have booked in the month.
    const weeks = [
      entry(accountAt(WEEKLY, at('2026-10-31T00:00:00Z')), at('2026-10-31T00:00:00Z'), 100),
      entry(accountAt(WEEKLY, at('2026-11-01T00:00:00Z')), at('2026-11-01T00:00:00Z'), 30),
      entry(WEEK, THURSDAY, 4),
    ];
    expect(carried(weeks, { account: MONTH, bookedSinceMs: at('2026-11-01T00:00:00Z') })).toEqual({
      key: 'carry:1',
      amount: 34,
    });
  });

  it('counts what open reservations keep aside, and afterwards what they cost', () => {
    const open = carried([], { keptAside: 50 as Amount });
    expect(open).toEqual({ key: 'carry:1', amount: 50 });
    const posted = carry(WEEK, 50, 'carry:1');
    expect(carried([posted], { keptAside: 50 as Amount })).toBeUndefined();
    const ended = entry(MONTH, THURSDAY + 1, 20);
    expect(carried([posted, ended])).toEqual({ key: 'carry:2', amount: -30 });
    expect(carried([posted, ended, carry(WEEK, -30, 'carry:2')])).toBeUndefined();
  });

  it('does not count what was carried to an account as spent there, when changed back', () => {
    const view = { account: MONTH, bookedSinceMs: at('2026-11-01T00:00:00Z') };
    const entries = [
      entry(MONTH, MONDAY, 80),
      carry(WEEK, 80, 'carry:1'),
      entry(WEEK, THURSDAY, 4),
    ];
    expect(carried(entries, view)).toEqual({ key: 'carry:1', amount: 4 });
  });

  it('takes corrections by people into account, and none of what was booked before', () => {
    const expired = entry(MONTH, MONDAY - 1, 80, { kind: 'expire' });
    const truth = entry(MONTH, THURSDAY, -50);
    const other = entry(MONTH, THURSDAY, 10, { reservation: 'r2' });
    const forgiven = entry(MONTH, THURSDAY, -4, {
      kind: 'adjust',
      reservation: null,
      key: 'sorry',
    });
    expect(carried([expired, truth, other])).toMatchObject({ amount: 10 });
    expect(carried([expired, truth, other, forgiven])).toMatchObject({ amount: 6 });
  });

  it('ignores grants, limits, releases and other budgets, and never carries less than nothing', () => {
    const other = accountId(
      budgetId('acme' as TenantId, { kind: 'user', name: 'bob' }),
      periodAt(MONTHLY_UTC, THURSDAY),
    );
    expect(
      carried([
        entry(MONTH, THURSDAY, 9, { kind: 'grant', reservation: null }),
        entry(MONTH, THURSDAY, 0, { kind: 'limit', reservation: null }),
        entry(MONTH, THURSDAY, 0, { kind: 'release' }),
        entry(other, THURSDAY, 9),
        entry(MONTH, THURSDAY, -9, { kind: 'adjust', reservation: null, key: 'sorry' }),
      ]),
    ).toBeUndefined();
  });

  it('shows on the new account what it would show had the new rule always been in force', () => {
    const rule = fc.constantFrom<PeriodRule>(
      MONTHLY_UTC,
      WEEKLY,
      { every: 'day', zone: 'Asia/Kathmandu' },
      { every: 'month', anchorDay: 31, zone: 'America/St_Johns' },
      { every: 'quarter', zone: 'Europe/Berlin' },
      { every: 'lifetime' },
    );
    const spending = fc.array(
      fc.record({ day: fc.double({ min: 0, max: 90, noNaN: true }), cost: fc.nat({ max: 1_000 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(rule, rule, rule, spending, (first, second, third, calls) => {
        const START = at('2026-10-01T00:00:00Z');
        const when = (day: number) => (START + Math.floor(day * 86_400_000)) as InstantMs;
        const [one, two, end] = [when(40), when(60), when(90)];
        const entries: LedgerEntry[] = [];
        const move = (before: PeriodRule, after: PeriodRule, change: InstantMs) => {
          const conversion = conversionAt(before, after, change);
          if (conversion.kind === 'same') return;
          const account = accountId(BUDGET, conversion.to);
          const past = entries.filter(({ atMs }) => atMs < change);
          const posted = carryOver({
            ...conversion,
            account,
            entries: past,
            keptAside: 0 as Amount,
          });
          if (posted !== undefined)
            entries.push({ ...carry(account, posted.amount, posted.key), atMs: change });
        };
        const spend = (rules: PeriodRule, from: InstantMs, until: InstantMs) => {
          for (const [index, { day, cost }] of calls.entries()) {
            const then = when(day);
            if (then < from || then >= until) continue;
            entries.push(entry(accountAt(rules, then), then, cost, { reservation: `r${index}` }));
          }
        };
        spend(first, START, one);
        move(first, second, one);
        spend(second, one, two);
        move(second, third, two);
        const present = periodAt(third, two);
        spend(third, two, Math.min(present.endAtMs, end) as InstantMs);
        const shown = entries
          .filter(({ account }) => account === accountId(BUDGET, present))
          .reduce((sum, { amount }) => sum + amount, 0);
        const always = calls
          .filter(
            ({ day }) =>
              when(day) >= present.startAtMs && when(day) < Math.min(present.endAtMs, end),
          )
          .reduce((sum, { cost }) => sum + cost, 0);
        expect(shown).toBe(always);
      }),
      { seed: 41, numRuns: 1_000 },
    );
  });
});
