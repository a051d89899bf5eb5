import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseSettle(bench: Bench): void {
  describe('settle', () => {
    it('books the cost and gives the rest back', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 300);
      expect(await purse.settle(id, 120)).toMatchObject({
        outcome: 'applied',
        state: 'settled',
        spent: 120,
        overage: 0,
        late: false,
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 120, reserved: 0 });
    });

    it('books parts as running totals, and the final total once', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 300);
      await purse.settle(id, 100, { final: false });
      expect(await purse.sums('alice')).toMatchObject({ settled: 100, reserved: 200 });
      await purse.settle(id, 180, { final: false });
      await purse.settle(id, 100, { final: false });
      expect(await purse.sums('alice')).toMatchObject({ settled: 180, reserved: 120 });
      await purse.settle(id, 190);
      expect(await purse.sums('alice')).toMatchObject({ settled: 190, reserved: 0 });
      expect((await purse.ledger('alice')).map((entry) => entry.amount)).toEqual([100, 80, 10]);
    });

    it('corrects downwards when the final total is below the parts', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 300);
      await purse.settle(id, 100, { final: false });
      await purse.settle(id, 70);
      expect(await purse.sums('alice')).toMatchObject({ settled: 70, reserved: 0 });
      expect((await purse.ledger('alice')).map((entry) => entry.amount)).toEqual([100, -30]);
    });

    it('books overage beyond the reservation and the limit, and refuses the next reservation', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 900);
      expect(await purse.settle(id, 1_200)).toMatchObject({ outcome: 'applied', overage: 300 });
      expect(await purse.sums('alice')).toMatchObject({ settled: 1_200, reserved: 0 });
      expect(await purse.reserve('alice', 1)).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
      });
    });

    it('books a late settlement of an expired reservation, although others got the money meanwhile', async () => {
      const { purse, clock } = bench;
      const late = await purse.open('alice', 800, { ttlMs: 1_000 });
      clock.advance(1_000);
      await purse.expire(late);
      await purse.settle(await purse.open('alice', 900), 900);
      expect(await purse.settle(late, 700)).toMatchObject({
        outcome: 'applied',
        late: true,
        overage: 700,
        spent: 700,
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 1_600, reserved: 0 });
    });

    it('replaces what expiry had charged with the truth, by a signed entry', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 800);
      await purse.extend(id, { dispatched: true, ttlMs: 1_000 });
      clock.advance(1_000);
      await purse.expire(id);
      expect(await purse.sums('alice')).toMatchObject({ settled: 800, reserved: 0 });
      expect(await purse.settle(id, 300)).toMatchObject({ late: true, overage: 0, spent: 300 });
      expect(await purse.sums('alice')).toMatchObject({ settled: 300 });
      expect((await purse.ledger('alice')).map(({ kind, amount }) => [kind, amount])).toEqual([
        ['expire', 800],
        ['settle', -500],
      ]);
    });

    it('books the settlement of a released reservation as overage', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      await purse.release(id);
      expect(await purse.settle(id, 40)).toMatchObject({ late: true, overage: 40 });
      expect(await purse.sums('alice')).toMatchObject({ settled: 40 });
    });

    it('takes a settlement of zero for a call that cost nothing', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      expect(await purse.settle(id, 0)).toMatchObject({
        outcome: 'applied',
        state: 'settled',
        spent: 0,
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 0, reserved: 0 });
    });

    it('refuses an unknown reservation', async () => {
      const { purse } = bench;
      expect(await purse.settle(purse.id(), 1)).toEqual({
        outcome: 'rejected',
        code: 'reservation_not_found',
      });
    });
  });
}
