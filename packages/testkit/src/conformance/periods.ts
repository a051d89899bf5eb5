import {
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  PERIOD_TOLERANCE_MS,
  ZERO,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

const DECEMBER = Date.UTC(2026, 11, 1) as InstantMs;

export function exercisePeriods(bench: Bench): void {
  describe('periods', () => {
    it('starts the new month with the whole limit, without any job having run', async () => {
      const { purse, clock } = bench;
      clock.set(DECEMBER - 1);
      await purse.settle(await purse.open('alice', 1_000), 1_000);
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
      clock.set(DECEMBER);
      expect(await purse.reserve('alice', 1_000)).toMatchObject({ outcome: 'applied' });
    });

    it('books a call that straddles the month to the month it was reserved in', async () => {
      const { purse, clock } = bench;
      clock.set(DECEMBER - 1_000);
      const id = await purse.open('alice', 400);
      clock.set(DECEMBER + 5_000);
      await purse.extend(id, { amount: 500, dispatched: true });
      await purse.settle(id, 450);
      expect(await purse.sums('alice', (DECEMBER - 1) as InstantMs)).toMatchObject({
        settled: 450,
        reserved: 0,
      });
      expect(await purse.sums('alice', DECEMBER)).toMatchObject({ settled: 0, reserved: 0 });
    });

    it('answers a repeated reserve from the old month after the border', async () => {
      const { purse, clock } = bench;
      clock.set(DECEMBER - 1_000);
      const id = await purse.open('alice', 400);
      clock.set(DECEMBER + 1_000);
      expect(await purse.reserve('alice', 400, { id })).toMatchObject({
        outcome: 'applied',
        replayed: true,
      });
      expect(await purse.sums('alice', DECEMBER)).toMatchObject({ reserved: 0 });
    });

    it('carries the limit into later months, and grants not', async () => {
      const { purse, clock } = bench;
      await purse.setLimit('alice', 300);
      await purse.grant('alice', 'once', 50);
      clock.set(DECEMBER);
      expect(await purse.reserve('alice', 301)).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 300)).toMatchObject({ outcome: 'applied' });
    });

    it('refuses a reserve for a month that is not the present one, and says what time it is', async () => {
      const { purse, clock } = bench;
      const november = purse.leg('alice');
      const reserve = {
        kind: 'reserve',
        reservation: purse.id(),
        fingerprint: 'x' as Fingerprint,
        legs: [november],
        amount: ZERO,
        ttlMs: 1_000 as DurationMs,
        terms: null,
      } as const;
      clock.set(DECEMBER + PERIOD_TOLERANCE_MS);
      expect(await purse.execute(reserve)).toEqual({
        outcome: 'period_mismatch',
        nowMs: DECEMBER + PERIOD_TOLERANCE_MS,
      });
      // Two machines' clocks may differ by a little.
      clock.set(DECEMBER + PERIOD_TOLERANCE_MS - 1);
      expect(await purse.execute(reserve)).toMatchObject({ outcome: 'applied' });
    });
  });
}
