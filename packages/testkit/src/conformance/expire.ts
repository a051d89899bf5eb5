import { LAZY_EXPIRY_MAX, SWEEP_MAX } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseExpire(bench: Bench): void {
  describe('expire', () => {
    it('does nothing before the deadline and ends the reservation at it', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100, { ttlMs: 5_000 });
      clock.advance(4_999);
      expect(await purse.expire(id)).toMatchObject({
        outcome: 'applied',
        replayed: true,
        state: 'reserved',
      });
      clock.advance(1);
      expect(await purse.expire(id)).toMatchObject({
        outcome: 'applied',
        replayed: false,
        state: 'expired',
      });
      expect(await purse.expire(id)).toMatchObject({
        outcome: 'applied',
        replayed: true,
        state: 'expired',
      });
    });

    it('releases a tentative reservation, for nobody knows of a call', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100, { ttlMs: 5_000 });
      clock.advance(5_000);
      await purse.expire(id);
      expect(await purse.sums('alice')).toMatchObject({ settled: 0, reserved: 0 });
    });

    it('charges a dispatched reservation in full, for the provider may have been paid', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100);
      await purse.extend(id, { dispatched: true, ttlMs: 5_000 });
      await purse.settle(id, 30, { final: false });
      clock.advance(5_000);
      await purse.expire(id);
      expect(await purse.sums('alice')).toMatchObject({ settled: 100, reserved: 0 });
    });

    it('sweeps every due reservation once and leaves the others', async () => {
      const { purse, clock } = bench;
      const due = [
        await purse.open('alice', 10, { ttlMs: 1_000 }),
        await purse.open('bob', 10, { ttlMs: 2_000 }),
      ];
      const live = await purse.open('alice', 10, { ttlMs: 60_000 });
      clock.advance(2_000);
      await Promise.all([purse.tier.sweep(SWEEP_MAX), purse.tier.sweep(SWEEP_MAX)]);
      for (const id of due)
        expect(await purse.tier.reservation(id)).toMatchObject({ state: 'expired' });
      expect(await purse.tier.reservation(live)).toMatchObject({ state: 'reserved' });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 10 });
      expect(await purse.sums('bob')).toMatchObject({ reserved: 0 });
      expect((await purse.ledger('bob')).length).toBe(1);
    });

    it('ends no more than it is asked to, the earliest first', async () => {
      const { purse, clock, tier } = bench;
      await tier.sweep(SWEEP_MAX);
      const second = await purse.open('alice', 10, { ttlMs: 2_000 });
      const first = await purse.open('alice', 10, { ttlMs: 1_000 });
      clock.advance(2_000);
      expect(await tier.sweep(1)).toBe(1);
      expect(await tier.reservation(first)).toMatchObject({ state: 'expired' });
      expect(await tier.reservation(second)).toMatchObject({ state: 'reserved' });
      expect(await tier.sweep(10)).toBe(1);
      expect(await tier.sweep(10)).toBe(0);
    });

    it('makes room for the next reservation without waiting for a sweep', async () => {
      const { purse, clock } = bench;
      for (let index = 0; index < LAZY_EXPIRY_MAX; index += 1)
        await purse.open('alice', 200, { ttlMs: 1_000 });
      expect(await purse.reserve('alice', 1_000)).toMatchObject({ outcome: 'denied' });
      clock.advance(1_000);
      expect(await purse.reserve('alice', 1_000)).toMatchObject({ outcome: 'applied' });
    });
  });
}
