import {
  AMOUNT_MAX,
  type CarryView,
  carryOver,
  conversionAt,
  type InstantMs,
  MONTHLY_UTC,
  periodAt,
  type PeriodRule,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';

const WEEKLY: PeriodRule = { every: 'week', zone: 'UTC' };
const THURSDAY = Date.parse('2026-11-12T12:00:00Z') as InstantMs;

const NOTHING: CarryView = {
  booked: 0n,
  reserved: 0n,
  leased: 0n,
  isLimited: true,
  carried: 0n,
  carries: 0,
};

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

  it('charges new calls to the account of the new period', () => {
    expect(conversionAt(MONTHLY_UTC, WEEKLY, THURSDAY)).toEqual({
      kind: 'moved',
      from: periodAt(MONTHLY_UTC, THURSDAY),
      to: periodAt(WEEKLY, THURSDAY),
    });
    const zoned = conversionAt(MONTHLY_UTC, { every: 'month', zone: 'Asia/Tokyo' }, THURSDAY);
    expect(zoned).toMatchObject({ kind: 'moved', to: { id: '2026-11@Asia.Tokyo' } });
  });

  it('counts what is set aside and leased at first, and posts the difference as it becomes known', () => {
    const open = { ...NOTHING, booked: 7n, reserved: 40n, leased: 3n };
    expect(carryOver(open)).toEqual({ key: 'carry:1', amount: 50 });
    const carried = { ...open, carried: 50n, carries: 1 };
    expect(carryOver(carried)).toBeUndefined();
    const ended = { ...carried, booked: 20n, reserved: 0n, leased: 0n };
    expect(carryOver(ended)).toEqual({ key: 'carry:2', amount: -30 });
  });

  it('does not count leases where there is no limit to keep', () => {
    expect(carryOver({ ...NOTHING, leased: 9n, isLimited: false })).toBeUndefined();
  });

  it('carries no less than nothing and no more than an amount can be', () => {
    expect(carryOver({ ...NOTHING, booked: -9n })).toBeUndefined();
    const most = BigInt(AMOUNT_MAX);
    expect(carryOver({ ...NOTHING, booked: most, leased: most })).toEqual({
      key: 'carry:1',
      amount: AMOUNT_MAX,
    });
  });
});
