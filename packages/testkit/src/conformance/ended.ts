import { DIRECT } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

export function exerciseEnded(bench: AuthorityBench): void {
  describe('ended', () => {
    it('names the legs of reservations that are over, how, and under which lease, and no others', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 1_000 });
      await desk.open('team', 'l2', { need: 1_000 });
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
      await desk.tell('team', 'l2', half, 'reserved', 0);
      await desk.tell('team', 'l2', open, 'reserved', 0);
      const lease = (await desk.lease('alice', 'l1'))?.id;
      const other = (await desk.lease('team', 'l2'))?.id;
      const { account } = purse.leg('alice');
      const team = purse.leg('team').account;
      const ended = await authority.ended([settled, released, expired, half, open, unknown]);
      expect(new Set(ended)).toEqual(
        new Set([
          { reservation: settled, account, lease, state: 'settled' },
          { reservation: settled, account: team, lease: other, state: 'settled' },
          { reservation: released, account, lease, state: 'released' },
          { reservation: expired, account, lease, state: 'expired' },
          { reservation: half, account, lease, state: 'settled' },
        ]),
      );
      expect(await authority.ended([])).toEqual([]);
    });

    it('names a leg of the authority’s own once it has ended', async () => {
      const { purse, authority } = bench;
      const reservation = await purse.open('alice', 10);
      expect(await authority.ended([reservation])).toEqual([]);
      await purse.release(reservation);
      expect(await authority.ended([reservation])).toEqual([
        { reservation, account: purse.leg('alice').account, lease: DIRECT, state: 'released' },
      ]);
    });
  });
}
