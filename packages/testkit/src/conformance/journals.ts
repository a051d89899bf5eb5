import { JOURNAL_START } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

export function exerciseJournals(bench: AuthorityBench): void {
  describe('journals', () => {
    it('are one worker’s to bring home, until its claim runs out', async () => {
      const { desk, clock } = bench;
      expect(await desk.claim('w1', 1_000)).toEqual({ position: JOURNAL_START });
      expect(await desk.claim('w2', 1_000)).toBeUndefined();
      clock.advance(900);
      expect(await desk.claim('w1', 1_000)).toEqual({ position: JOURNAL_START });
      clock.advance(999);
      expect(await desk.claim('w2', 1_000)).toBeUndefined();
      clock.advance(1);
      expect(await desk.claim('w2', 1_000)).toEqual({ position: JOURNAL_START });
      expect(await desk.claim('w1', 1_000)).toBeUndefined();
    });

    it('of other shards and incarnations are claimed apart', async () => {
      const { desk, authority } = bench;
      await desk.claim('w1', 1_000);
      expect(await desk.claim('w2', 1_000, { shard: 1 })).toBeDefined();
      expect(await desk.claim('w3', 1_000, { incarnation: 2 })).toBeDefined();
      await desk.bringHome('w2', '5-1', [], { shard: 1 });
      await desk.bringHome('w3', '7-0', [], { incarnation: 2 });
      expect(await authority.positions(desk.holder, 1)).toEqual(
        new Map([
          [0, JOURNAL_START],
          [1, '5-1'],
        ]),
      );
      expect(await authority.positions(desk.holder, 2)).toEqual(new Map([[0, '7-0']]));
      expect(await authority.positions(desk.holder, 3)).toEqual(new Map());
    });

    it('are free when their worker leaves', async () => {
      const { desk, authority } = bench;
      await desk.claim('w1', 60_000);
      await authority.leave(desk.worker('w1'));
      expect(await desk.claim('w2', 1_000)).toBeDefined();
    });

    it('go into the books together with their position, which never goes back', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      await desk.claim('w1', 1_000);
      const id = purse.id();
      const report = desk.report('alice', 'l1', id, 'settled', 40);
      expect(await desk.bringHome('w1', '100-2', [report])).toMatchObject([
        { outcome: 'applied', replayed: false },
      ]);
      // As numbers: 99 is before 100, and 100-10 after 100-2.
      expect(await desk.bringHome('w1', '99-7', [report])).toMatchObject([
        { outcome: 'applied', replayed: true },
      ]);
      expect(await authority.positions(desk.holder, 1)).toEqual(new Map([[0, '100-2']]));
      await desk.bringHome('w1', '100-10', []);
      expect(await authority.positions(desk.holder, 1)).toEqual(new Map([[0, '100-10']]));
      expect(await desk.claim('w1', 1_000)).toEqual({ position: '100-10' });
      expect(await desk.sums('alice')).toEqual({ settled: 40, reserved: 0, leased: 360 });
    });

    it('are refused, books and position, when the books have lost what the worker took them up at', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const report = desk.report('alice', 'l1', purse.id(), 'settled', 40);
      await desk.claim('w1', 1_000);
      await desk.bringHome('w1', '5-0', []);
      await expect(desk.bringHome('w1', '7-0', [report], { after: '6-0' })).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      expect(await authority.positions(desk.holder, 1)).toEqual(new Map([[0, '5-0']]));
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 0, leased: 400 });
      // Taken up at what they have, or before: repeating is harmless.
      await desk.bringHome('w1', '7-0', [report], { after: '5-0' });
      expect(await authority.positions(desk.holder, 1)).toEqual(new Map([[0, '7-0']]));
    });

    it('are refused, books and position, from a worker that has lost its claim or never had one', async () => {
      const { desk, purse, clock, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const report = desk.report('alice', 'l1', purse.id(), 'settled', 40);
      const refused = { code: 'store_unavailable' };
      await expect(desk.bringHome('w1', '5-0', [report])).rejects.toMatchObject(refused);
      await desk.claim('w1', 1_000);
      clock.advance(1_000);
      await desk.claim('w2', 1_000);
      await expect(desk.bringHome('w1', '5-0', [report])).rejects.toMatchObject(refused);
      expect(await authority.positions(desk.holder, 1)).toEqual(new Map([[0, JOURNAL_START]]));
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 0, leased: 400 });
    });
  });
}
