import { DIRECT, type DurationMs } from '@bursar/core';
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

  describe('overdue', () => {
    const OVER_MS = 10_000 as DurationMs;

    it('names live leases of the holder with calls that are open that long after their deadline, each once', async () => {
      const { desk, purse, authority, clock } = bench;
      const [late, closed, ended, young] = ['alice', 'bob', 'cyd', 'team'];
      for (const user of [late, closed, ended, young])
        await desk.open(user, `${user}-1`, { need: 1_000 });
      const tell = (user: string, ttlMs: number, state: 'reserved' | 'released' = 'reserved') =>
        desk.tell(user, `${user}-1`, purse.id(), state, 0, { ttlMs });
      await tell(late, 1_000);
      await tell(late, 1_000);
      await tell(closed, 1_000);
      await desk.change(closed, `${closed}-1`, 'suspectLease');
      await tell(ended, 1_000, 'released');
      await tell(young, 1_001);
      await purse.open('direct', 10);
      const overdue = (over: { readonly holder?: string; readonly limit?: number } = {}) =>
        authority.overdue({
          holder: over.holder === undefined ? desk.holder : desk.holderNamed(over.holder),
          overMs: OVER_MS,
          limit: over.limit ?? 10,
        });
      clock.advance(1_000 + OVER_MS - 1);
      expect(await overdue()).toEqual([]);
      clock.advance(1);
      const lease = (await desk.lease(late, `${late}-1`))?.id;
      expect(await overdue()).toMatchObject([{ leg: purse.leg(late), lease }]);
      expect(await overdue({ holder: 'another' })).toEqual([]);
      clock.advance(1);
      expect(await overdue()).toHaveLength(2);
      expect(await overdue({ limit: 1 })).toHaveLength(1);
    });
  });
}
