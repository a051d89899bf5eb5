import { amount, DIRECT, type Fingerprint, type Ingest, type ReservationId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseIngest(bench: Bench): void {
  describe('ingest', () => {
    const report = (id: ReservationId, state: Ingest['state'], spent: number): Ingest => ({
      kind: 'ingest',
      reservation: id,
      fingerprint: 'elsewhere' as Fingerprint,
      leg: bench.purse.leg('alice'),
      state,
      lease: DIRECT,
      spent: amount(spent),
      terms: null,
      detail: null,
    });

    it('gives the same books for any order and any number of deliveries', async () => {
      const { purse } = bench;
      const events = [
        ['released', 0],
        ['expired', 90],
        ['settled', 40],
      ] as const;
      const orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
      ];
      let expected = 0;
      for (const order of orders) {
        const id = purse.id();
        for (const index of [...order, ...order.toReversed()]) {
          const [state, spent] = events[index] ?? ['settled', 40];
          await purse.execute(report(id, state, spent));
        }
        expected += 40;
        expect(await purse.tier.reservation(id)).toMatchObject({ state: 'settled', spent: 40 });
        expect(await purse.sums('alice')).toMatchObject({ settled: expected, reserved: 0 });
      }
    });

    it('ends an open reservation and lets the truth replace an estimate', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      await purse.execute(report(id, 'expired', 100));
      expect(await purse.sums('alice')).toMatchObject({ settled: 100, reserved: 0 });
      await purse.execute(report(id, 'settled', 30));
      expect(await purse.sums('alice')).toMatchObject({ settled: 30, reserved: 0 });
    });

    it('keeps the first truth and flags a contradiction', async () => {
      const { purse } = bench;
      const id = purse.id();
      await purse.execute(report(id, 'settled', 30));
      expect(await purse.execute(report(id, 'settled', 31))).toMatchObject({
        outcome: 'applied',
        conflict: true,
        spent: 30,
      });
      expect(await purse.sums('alice')).toMatchObject({ settled: 30 });
    });
  });
}
