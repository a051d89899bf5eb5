import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseReserve(bench: Bench): void {
  describe('reserve', () => {
    it('sets the amount aside', async () => {
      const { purse } = bench;
      const answer = await purse.reserve('alice', 300);
      expect(answer).toMatchObject({
        outcome: 'applied',
        replayed: false,
        state: 'reserved',
        amount: 300,
      });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 300, settled: 0 });
    });

    it('admits what fits exactly, and not one nano-dollar more', async () => {
      const { purse } = bench;
      await purse.open('alice', 600);
      expect(await purse.reserve('alice', 401)).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ account: purse.leg('alice').account, missing: 1 }],
      });
      expect(await purse.reserve('alice', 400)).toMatchObject({ outcome: 'applied' });
    });

    it('changes nothing when it is denied', async () => {
      const { purse } = bench;
      await purse.open('alice', 900);
      const before = await purse.tier.account(purse.leg('alice').account);
      const id = purse.id();
      await purse.reserve('alice', 200, { id });
      expect(await purse.tier.account(purse.leg('alice').account)).toEqual(before);
      expect(await purse.tier.reservation(id)).toBeUndefined();
    });

    it('admits a denied reservation under the same id once there is room', async () => {
      const { purse } = bench;
      const blocker = await purse.open('alice', 900);
      const id = purse.id();
      expect(await purse.reserve('alice', 200, { id })).toMatchObject({ outcome: 'denied' });
      await purse.release(blocker);
      expect(await purse.reserve('alice', 200, { id })).toMatchObject({
        outcome: 'applied',
        replayed: false,
      });
    });

    it('admits a free call on an exhausted account', async () => {
      const { purse } = bench;
      await purse.settle(await purse.open('alice', 1_000), 1_500);
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
      expect(await purse.reserve('alice', 0)).toMatchObject({ outcome: 'applied' });
    });

    it('keeps the terms it was made with', async () => {
      const { purse } = bench;
      const terms = {
        model: 'gpt-4o',
        price: { input: '2500000000' },
        odd: ['ü', '"', '\\', null, 1.5],
      };
      const id = await purse.open('alice', 1, { terms });
      expect((await purse.tier.reservation(id))?.reservation.terms).toEqual(terms);
    });

    it('keeps users apart whose names look alike', async () => {
      const { purse } = bench;
      const names = [
        'a',
        'A',
        'a:b',
        'a%3Ab',
        'a/b',
        'a b',
        '{a}',
        'ä',
        'a\u0308',
        '🧾',
        'a'.repeat(256),
        '%',
        '__proto',
        'toString',
      ];
      for (const [index, name] of names.entries()) await purse.open(name, index + 1);
      for (const [index, name] of names.entries()) {
        expect(await purse.sums(name)).toMatchObject({ reserved: index + 1 });
      }
    });
  });
}
