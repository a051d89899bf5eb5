import { AMOUNT_MAX, budgetOf } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { type Bench, DEFAULT_LIMIT } from './tier-under-test.ts';

export function exerciseLimits(bench: Bench): void {
  describe('limits', () => {
    it('denies every paid call under a limit of zero', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', 0);
      expect(await purse.reserve('alice', 1)).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
      expect(await purse.reserve('alice', 0)).toMatchObject({ outcome: 'applied' });
    });

    it('never denies without a limit, and tracks all the same', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', null);
      await purse.settle(await purse.open('alice', 1_000_000_000_000), 999_999_999_999);
      expect(await purse.sums('alice')).toMatchObject({ limit: null, settled: 999_999_999_999 });
    });

    it('gives users without a limit of their own the default', async () => {
      const { purse } = bench;
      expect(await purse.tier.limit(budgetOf(purse.leg('alice').account))).toBeUndefined();
      await purse.open('alice', DEFAULT_LIMIT);
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    });

    it('applies a raised limit to the next call and keeps what was spent', async () => {
      const { purse } = bench;
      await purse.settle(await purse.open('alice', 1_000), 1_000);
      expect(await purse.setLimit('alice', 1_500)).toMatchObject({
        outcome: 'applied',
        replayed: false,
      });
      expect(await purse.reserve('alice', 501)).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 500)).toMatchObject({ outcome: 'applied' });
    });

    it('keeps open reservations valid when the limit falls below them, and admits nothing more', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 800);
      await purse.setLimit('alice', 100);
      expect(await purse.reserve('alice', 1)).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
      expect(await purse.settle(id, 800)).toMatchObject({ outcome: 'applied', overage: 0 });
    });

    it('remembers a limit set before the first call, and changes nothing when it is set again', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', 77);
      expect(await purse.setLimit('alice', 77)).toMatchObject({
        outcome: 'applied',
        replayed: true,
      });
      expect(await purse.tier.limit(budgetOf(purse.leg('alice').account))).toBe(77);
      expect((await purse.ledger('alice')).length).toBe(1);
      expect(await purse.reserve('alice', 78)).toMatchObject({ outcome: 'denied' });
    });

    it('adds grants to the limit', async () => {
      const { purse } = bench;
      await purse.grant('alice', 'gift', 250);
      expect(await purse.reserve('alice', 1_251)).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 1_250)).toMatchObject({ outcome: 'applied' });
    });

    it('adjusts what is booked in both directions, but not below zero', async () => {
      const { purse } = bench;
      await purse.settle(await purse.open('alice', 500), 500);
      await purse.adjust('alice', 'refund', -200);
      await purse.adjust('alice', 'forgotten', 50);
      expect(await purse.sums('alice')).toMatchObject({ settled: 350 });
      expect(await purse.adjust('alice', 'too-much', -351)).toEqual({
        outcome: 'rejected',
        code: 'amount_out_of_range',
      });
    });

    it('counts up to the largest amount exactly and refuses to go beyond it', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', AMOUNT_MAX);
      const id = await purse.open('alice', AMOUNT_MAX - 1);
      expect(await purse.reserve('alice', 2)).toEqual({
        outcome: 'rejected',
        code: 'amount_out_of_range',
      });
      await purse.settle(id, AMOUNT_MAX - 2);
      expect(await purse.sums('alice')).toMatchObject({
        settled: AMOUNT_MAX - 2,
        limit: AMOUNT_MAX,
      });
      expect(await purse.reserve('alice', 2)).toMatchObject({ outcome: 'applied' });
      expect(await purse.grant('alice', 'one', 1)).toEqual({
        outcome: 'rejected',
        code: 'amount_out_of_range',
      });
    });
  });
}
