import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

export function exerciseEnded(bench: AuthorityBench): void {
  describe('ended', () => {
    it('names the accounts on which each reservation is over, however it ended, and no others', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 1_000 });
      await desk.open('team', 'l2', { need: 1_000 });
      const alice = purse.leg('alice').account;
      const team = purse.leg('team').account;
      const [settled, released, expired, half, open, unknown] = [
        purse.id(),
        purse.id(),
        purse.id(),
        purse.id(),
        purse.id(),
        purse.id(),
      ];
      await desk.tell('alice', 'l1', settled, 'settled', 10);
      await desk.tell('team', 'l2', settled, 'settled', 10);
      await desk.tell('alice', 'l1', released, 'released', 0);
      await desk.tell('alice', 'l1', expired, 'expired', 30);
      await desk.tell('alice', 'l1', half, 'settled', 10);
      await desk.tell('team', 'l2', open, 'reserved', 0);
      const ended = await authority.ended([settled, released, expired, half, open, unknown]);
      expect(new Set(ended.keys())).toEqual(new Set([settled, released, expired, half]));
      expect(new Set(ended.get(settled))).toEqual(new Set([alice, team]));
      for (const id of [released, expired, half]) expect(ended.get(id)).toEqual([alice]);
      expect(await authority.ended([])).toEqual(new Map());
    });

    it('does not name an account on which the reservation is still open', async () => {
      const { purse, authority } = bench;
      const id = await purse.open(['alice', 'team'], 10);
      expect(await authority.ended([id])).toEqual(new Map());
      await purse.settle(id, 5);
      expect((await authority.ended([id])).get(id)?.length).toBe(2);
    });
  });
}
