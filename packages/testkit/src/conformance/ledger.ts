import { DIRECT } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseLedger(bench: Bench): void {
  describe('ledger', () => {
    it('explains every change, oldest to newest', async () => {
      const { purse } = bench;
      const first = await purse.open('alice', 100);
      const second = await purse.open('alice', 100);
      await purse.grant('alice', 'gift', 10);
      await purse.settle(first, 70);
      await purse.release(second);
      await purse.setLimit('alice', 5_000);
      await purse.adjust('alice', 'fix', -20);
      expect(await purse.ledger('alice')).toEqual([
        { kind: 'grant', amount: 10, reservation: null },
        { kind: 'settle', amount: 70, reservation: first },
        { kind: 'release', amount: 0, reservation: second },
        { kind: 'limit', amount: 0, reservation: null },
        { kind: 'adjust', amount: -20, reservation: null },
      ]);
    });

    it('keeps what the caller said about a settlement, and when it was booked', async () => {
      const { purse, clock } = bench;
      const id = await purse.open('alice', 100);
      clock.advance(1_234);
      await purse.settle(id, 70);
      const [entry] = await purse.tier.entries({ account: purse.leg('alice').account, limit: 1 });
      expect(entry).toMatchObject({
        atMs: clock.nowMs(),
        detail: { basis: 'reported' },
        // Where leases fund the accounts, the entry names the one it was spent under.
        lease: bench.sequences === 'gapless' ? DIRECT : expect.any(String),
      });
    });

    it('pages backwards without gaps or repeats while new entries arrive', async () => {
      const { purse } = bench;
      await purse.setLimit('alice', null);
      const { account } = purse.leg('alice');
      for (let index = 0; index < 7; index += 1)
        await purse.settle(await purse.open('alice', 1), 1);
      const newest = await purse.tier.entries({ account, limit: 3 });
      await purse.settle(await purse.open('alice', 1), 1);
      const rest = await purse.tier.entries({
        account,
        limit: 10,
        before: newest.at(-1)?.sequence,
      });
      const sequences = [...newest, ...rest].map((entry) => entry.sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => b - a));
      expect(new Set(sequences).size).toBe(8);
    });

    it('is empty for an account that was never opened', async () => {
      const { purse } = bench;
      expect(await purse.ledger('nobody')).toEqual([]);
      expect(await purse.tier.account(purse.leg('nobody').account)).toBeUndefined();
    });
  });
}
