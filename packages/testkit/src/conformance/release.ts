import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseRelease(bench: Bench): void {
  describe('release', () => {
    it('gives everything back and leaves an entry without money', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 300);
      expect(await purse.release(id)).toMatchObject({
        outcome: 'applied',
        state: 'released',
        spent: 0,
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 0, reserved: 0 });
      expect(await purse.ledger('alice')).toEqual([
        { kind: 'release', amount: 0, reservation: id },
      ]);
    });

    it('keeps what was booked in parts', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 300);
      await purse.settle(id, 120, { final: false });
      await purse.release(id);
      expect(await purse.sums('alice')).toMatchObject({ settled: 120, reserved: 0 });
    });

    it('does not undo a settlement or an expiry', async () => {
      const { purse, clock } = bench;
      const settled = await purse.open('alice', 100);
      const expired = await purse.open('alice', 100);
      await purse.settle(settled, 60);
      await purse.extend(expired, { dispatched: true, ttlMs: 1_000 });
      clock.advance(1_000);
      await purse.expire(expired);
      expect(await purse.release(settled)).toEqual({
        outcome: 'rejected',
        code: 'reservation_already_settled',
      });
      expect(await purse.release(expired)).toEqual({
        outcome: 'rejected',
        code: 'reservation_expired',
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 160, reserved: 0 });
    });

    it('refuses an unknown reservation', async () => {
      const { purse } = bench;
      expect(await purse.release(purse.id())).toEqual({
        outcome: 'rejected',
        code: 'reservation_not_found',
      });
    });
  });
}
