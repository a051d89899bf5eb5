import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseIdempotency(bench: Bench): void {
  describe('idempotency', () => {
    it('applies every command once however often it is sent', async () => {
      const { purse } = bench;
      const id = purse.id();
      const answers = [];
      for (let round = 0; round < 3; round += 1)
        answers.push(await purse.reserve('alice', 100, { id }));
      expect(answers.map((answer) => answer.outcome === 'applied' && answer.replayed)).toEqual([
        false,
        true,
        true,
      ]);
      for (let round = 0; round < 3; round += 1) await purse.extend(id, { amount: 200 });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 200 });
      for (let round = 0; round < 3; round += 1) await purse.settle(id, 50, { final: false });
      for (let round = 0; round < 3; round += 1) {
        expect(await purse.settle(id, 150)).toMatchObject({
          outcome: 'applied',
          replayed: round > 0,
          spent: 150,
        });
      }
      expect(await purse.sums('alice')).toMatchObject({ settled: 150, reserved: 0 });
      expect((await purse.ledger('alice')).map((entry) => entry.amount)).toEqual([50, 100]);
      const other = await purse.open('alice', 10);
      for (let round = 0; round < 3; round += 1) {
        expect(await purse.release(other)).toMatchObject({
          outcome: 'applied',
          replayed: round > 0,
        });
      }
    });

    it('applies a command once when its repeats arrive together', async () => {
      const { purse } = bench;
      const id = purse.id();
      const reserves = await Promise.all(
        [1, 2, 3, 4].map(() => purse.reserve('alice', 100, { id })),
      );
      expect(
        reserves.filter((answer) => answer.outcome === 'applied' && !answer.replayed).length,
      ).toBe(1);
      const settles = await Promise.all([1, 2, 3, 4].map(() => purse.settle(id, 70)));
      expect(
        settles.filter((answer) => answer.outcome === 'applied' && !answer.replayed).length,
      ).toBe(1);
      expect(await purse.sums('alice')).toMatchObject({ settled: 70, reserved: 0 });
    });

    it('refuses the same id with another payload, whatever became of the first', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100, { fingerprint: 'one' });
      const reused = { outcome: 'rejected', code: 'idempotency_key_reused' };
      expect(await purse.reserve('alice', 100, { id, fingerprint: 'two' })).toEqual(reused);
      expect(await purse.reserve('bob', 100, { id, fingerprint: 'three' })).toEqual(reused);
      await purse.settle(id, 1);
      expect(await purse.reserve('alice', 100, { id, fingerprint: 'two' })).toEqual(reused);
      expect(await purse.sums('bob')).toMatchObject({ reserved: 0 });
    });

    it('does not let a repeated reserve reopen a reservation that ended', async () => {
      const { purse } = bench;
      const { settled, released, expired } = await purse.ended('alice');
      expect(await purse.reserve('alice', 10, { id: settled })).toMatchObject({
        code: 'reservation_already_settled',
      });
      expect(await purse.reserve('alice', 10, { id: released })).toMatchObject({
        code: 'reservation_already_released',
      });
      expect(await purse.reserve('alice', 10, { id: expired })).toMatchObject({
        code: 'reservation_expired',
      });
    });

    it('refuses a second settlement with another cost; the first stays', async () => {
      const { purse } = bench;
      const id = await purse.open('alice', 100);
      await purse.settle(id, 60);
      const refused = { outcome: 'rejected', code: 'reservation_already_settled' };
      expect(await purse.settle(id, 61)).toEqual(refused);
      expect(await purse.settle(id, 59)).toEqual(refused);
      expect(await purse.sums('alice')).toMatchObject({ settled: 60 });
    });

    it('applies a grant and an adjustment once under their key, and refuses the key with another amount', async () => {
      const { purse } = bench;
      for (let round = 0; round < 3; round += 1) {
        expect(await purse.grant('alice', 'welcome', 500)).toMatchObject({
          outcome: 'applied',
          replayed: round > 0,
        });
        expect(await purse.adjust('alice', 'refund-1', 40)).toMatchObject({
          outcome: 'applied',
          replayed: round > 0,
        });
      }
      expect(await purse.grant('alice', 'welcome', 501)).toEqual({
        outcome: 'rejected',
        code: 'idempotency_key_reused',
      });
      expect(await purse.sums('alice')).toMatchObject({ granted: 500, settled: 40 });
    });
  });
}
