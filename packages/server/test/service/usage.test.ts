/** Usage and limits as they are read and set. */
import {
  accountId,
  amount,
  budgetId,
  duration,
  type Fingerprint,
  type InstantMs,
  MONTHLY_UTC,
  periodAt,
  reservationId,
  tenantId,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { idOf, openTestService } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'test-model' };

describe('the present usage', () => {
  it('of a user that was never seen is nothing of the limit that applies', async () => {
    const bursar = openTestService().as();
    expect(await bursar.usage.current({ user: 'nobody' })).toEqual({
      scope: { kind: 'user', name: 'nobody' },
      budget: 'credit',
      period: '2026-11',
      limitUsd: '1.00',
      grantedUsd: '0.00',
      settledUsd: '0.00',
      reservedUsd: '0.00',
      availableUsd: '1.00',
      resetsAt: '2026-12-01T00:00:00.000Z',
    });
  });

  it('begins anew with a new month, without any job having run, and the old month can still be read', async () => {
    const { as, time } = openTestService();
    const bursar = as();
    await bursar.meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '1.00' });
    await bursar.meter.settle({ reservation: idOf(1), costUsd: '1.00' });
    const again = { reservation: idOf(2), ...CALL, amountUsd: '1.00' };
    expect(await bursar.meter.reserve(again)).toMatchObject({ decision: 'denied' });
    await time.advance(16 * 24 * 3_600_000);
    expect(await bursar.meter.reserve({ ...again, reservation: idOf(3) })).toMatchObject({
      decision: 'allowed',
    });
    expect(await bursar.usage.current({ user: 'alice', period: '2026-11' })).toMatchObject({
      settledUsd: '1.00',
    });
  });
});

describe('the history', () => {
  it('is paged from the newest to the oldest, without gaps or repeats while entries arrive', async () => {
    const bursar = openTestService({ defaultLimitUsd: '100' }).as();
    const spend = async (number: number) => {
      await bursar.meter.reserve({ reservation: idOf(number), ...CALL, amountUsd: '0.01' });
      await bursar.meter.settle({ reservation: idOf(number), costUsd: '0.01' });
    };
    for (let number = 1; number <= 7; number += 1) await spend(number);
    const seen: (string | null)[] = [];
    let cursor: number | undefined;
    for (;;) {
      const page = await bursar.usage.history({ user: 'alice', limit: 3, cursor });
      seen.push(...page.entries.map((entry) => entry.reservation));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
      await spend(100 + seen.length);
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map(idOf));
  });

  it('of a user that was never seen is empty', async () => {
    const bursar = openTestService().as();
    expect(await bursar.usage.history({ user: 'nobody' })).toEqual({
      entries: [],
      nextCursor: null,
    });
  });
});

describe('a limit', () => {
  it('set in the last second of a month holds in the next one, even if that was opened early', async () => {
    const { as, tier, time } = openTestService();
    const bursar = as();
    const december = Date.UTC(2026, 11, 1);
    await time.advance(december - 1_000 - time.nowMs());
    // As a server does whose clock is a second ahead.
    const period = periodAt(MONTHLY_UTC, december as InstantMs);
    const scope = { kind: 'user', name: 'alice' };
    const leg = { account: accountId(budgetId(tenantId('acme'), scope), period), period };
    const early = await tier.execute({
      kind: 'reserve',
      reservation: reservationId(tenantId('acme'), idOf(1)),
      fingerprint: 'early' as Fingerprint,
      legs: [leg],
      amount: amount(1),
      ttlMs: duration(60_000),
      terms: null,
    });
    expect(early).toMatchObject({ outcome: 'applied' });
    await bursar.limits.set({ user: 'alice', limitUsd: '7' });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      period: '2026-11',
      limitUsd: '7.00',
    });
    await time.advance(1_000);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      period: '2026-12',
      limitUsd: '7.00',
    });
  });

  it('is the default until a user gets an own one, which holds for this and later months', async () => {
    const { as, time } = openTestService();
    const bursar = as();
    expect(await bursar.limits.get({ user: 'alice' })).toMatchObject({
      limitUsd: '1.00',
      source: 'default',
    });
    await bursar.limits.set({ user: 'alice', limitUsd: '7' });
    await time.advance(40 * 24 * 3_600_000);
    expect(await bursar.limits.get({ user: 'alice' })).toMatchObject({
      limitUsd: '7.00',
      source: 'own',
    });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      period: '2026-12',
      limitUsd: '7.00',
    });
  });

  it('below what is spent refuses the next call at once, and what is spent stays spent', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.80' });
    await bursar.limits.set({ user: 'alice', limitUsd: '0.50' });
    const next = { reservation: idOf(2), ...CALL, amountUsd: '0.01' };
    expect(await bursar.meter.reserve(next)).toMatchObject({
      decision: 'denied',
      budget: { limitUsd: '0.50', availableUsd: '-0.30' },
    });
    const settled = await bursar.meter.settle({ reservation: idOf(1), costUsd: '0.80' });
    expect(settled).toMatchObject({ costUsd: '0.80', overageUsd: '0.00' });
  });

  it('of zero refuses every paid call, and no limit refuses none', async () => {
    const bursar = openTestService().as();
    await bursar.limits.set({ user: 'alice', limitUsd: '0' });
    await bursar.limits.set({ user: 'bob', limitUsd: null });
    const call = { model: 'test-model', amountUsd: '900000' };
    expect(
      await bursar.meter.reserve({ reservation: idOf(1), ...call, user: 'alice' }),
    ).toMatchObject({ decision: 'denied' });
    expect(
      await bursar.meter.reserve({ reservation: idOf(2), ...call, user: 'bob' }),
    ).toMatchObject({ decision: 'allowed', budgets: [{ limitUsd: null, availableUsd: null }] });
  });

  it('leaves who set it, and to what, in the ledger', async () => {
    const bursar = openTestService().as();
    await bursar.limits.set({ user: 'alice', limitUsd: '7' });
    const { entries } = await bursar.usage.history({ user: 'alice' });
    expect(entries).toMatchObject([
      {
        kind: 'limit',
        reservation: null,
        detail: { by: 'token-of-acme', limitUsd: '7.00' },
      },
    ]);
  });
});
