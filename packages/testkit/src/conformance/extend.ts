import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseExtend(bench: Bench): void {
  describe('extend', () => {
    it('sets aside the new total, not the total on top', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      expect(await purse.extend(id, { amount: 250 })).toMatchObject({
        outcome: 'applied',
        amount: 250,
      });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 250 });
    });

    it('ignores a total that is smaller than what is set aside, as an overtaken heartbeat brings it', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      await purse.extend(id, { amount: 400 });
      await purse.extend(id, { amount: 250 });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 400 });
    });

    it('is denied when the account lacks room, and leaves the reservation as it was', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      expect(await purse.extend(id, { amount: 1_001, ttlMs: 600_000 })).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
      expect(await purse.tier.reservation(id)).toMatchObject({ amount: 100, dispatched: false });
    });

    it('keeps a live call alive past its first deadline', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100, { ttlMs: 10_000 });
      clock.advance(9_000);
      await purse.extend(id, { ttlMs: 10_000 });
      clock.advance(9_000);
      expect(await purse.expire(id)).toMatchObject({ outcome: 'applied', state: 'reserved' });
    });

    it('revives a reservation whose deadline passed before anybody ended it', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100, { ttlMs: 10_000 });
      clock.advance(11_000);
      expect(await purse.extend(id, { ttlMs: 10_000 })).toMatchObject({
        outcome: 'applied',
        state: 'reserved',
      });
      expect(await purse.expire(id)).toMatchObject({ state: 'reserved' });
    });

    it('shortens the life of a tentative reservation when it marks the call as dispatched', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100, { ttlMs: 600_000 });
      await purse.extend(id, { ttlMs: 60_000, dispatched: true });
      clock.advance(60_000);
      expect(await purse.expire(id)).toMatchObject({ state: 'expired' });
    });

    it('is refused on a reservation that ended, with the way it ended', async () => {
      const { purse } = bench;
      const { settled, released, expired } = await purse.ended('alice');
      expect(await purse.extend(settled)).toEqual({
        outcome: 'rejected',
        code: 'reservation_already_settled',
      });
      expect(await purse.extend(released)).toEqual({
        outcome: 'rejected',
        code: 'reservation_already_released',
      });
      expect(await purse.extend(expired)).toEqual({
        outcome: 'rejected',
        code: 'reservation_expired',
      });
      expect(await purse.extend(purse.id())).toEqual({
        outcome: 'rejected',
        code: 'reservation_not_found',
      });
    });
  });
}
