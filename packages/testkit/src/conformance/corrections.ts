import { amount, type ReservationId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

export function exerciseCorrections(bench: AuthorityBench): void {
  describe('corrections', () => {
    it('tell the copy of a call that was settled past it', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      await purse.settle(id, 60);
      expect(await desk.corrections()).toEqual([
        {
          account: purse.leg('alice').account,
          reservation: id,
          lease: desk.leaseNamed('l1'),
          state: 'settled',
          spent: 60,
          shown: 0,
        },
      ]);
      expect(await desk.sums('alice')).toEqual({ settled: 60, reserved: 0, leased: 340 });
    });

    it('tell the copy that an estimate of its own is known better', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'settled', 40, { isShown: false });
      await desk.tell('alice', 'l1', id, 'expired', 100, { isShown: true });
      expect(await desk.corrections()).toMatchObject([
        { reservation: id, state: 'settled', spent: 40 },
      ]);
    });

    it('are not made of what the copy shows already, nor of what is still open', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      await purse.extend(id, { amount: 120 });
      await desk.tell('alice', 'l1', id, 'expired', 120);
      await desk.tell('alice', 'l1', id, 'settled', 50);
      await desk.tell('alice', 'l1', id, 'settled', 50);
      expect(await desk.corrections()).toEqual([]);
    });

    it('say what the copy shows so far, in case it has forgotten the call', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const [shown, told, waiting] = [purse.id(), purse.id(), purse.id()];
      // Of the first the copy has said so itself, of the second it was told, of the third it has not heard yet.
      await desk.tell('alice', 'l1', shown, 'expired', 100, { isShown: true });
      await desk.tell('alice', 'l1', told, 'expired', 80, { isShown: false });
      await authority.corrected(await desk.corrections());
      await desk.tell('alice', 'l1', waiting, 'expired', 60, { isShown: false });
      for (const id of [shown, told, waiting]) await purse.settle(id, 30);
      const corrections = await desk.corrections();
      const of = (id: ReservationId) => corrections.find(({ reservation }) => reservation === id);
      expect([shown, told, waiting].map(of)).toMatchObject([
        { state: 'settled', spent: 30, shown: 100 },
        { state: 'settled', spent: 30, shown: 80 },
        { state: 'settled', spent: 30, shown: 0 },
      ]);
    });

    it('say it of a call that is put right twice at once, too', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'expired', 100, { isShown: true });
      const settle = { kind: 'settle', reservation: id, detail: null } as const;
      await authority.executeAll([
        { ...settle, cost: amount(120), final: false },
        { ...settle, cost: amount(130), final: true },
      ]);
      expect(await desk.corrections()).toMatchObject([
        { state: 'settled', spent: 130, shown: 100 },
      ]);
    });

    it('vanish once the copy has been told', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      await desk.tell('alice', 'l1', purse.id(), 'settled', 40, { isShown: false });
      await authority.corrected(await desk.corrections());
      expect(await desk.corrections()).toEqual([]);
      await authority.corrected([]);
    });

    it('that changed while the copy was told are told again', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'expired', 100, { isShown: false });
      const told = await desk.corrections();
      await purse.settle(id, 30);
      await authority.corrected(told);
      expect(await desk.corrections()).toMatchObject([{ state: 'settled', spent: 30 }]);
    });

    it('are dropped when the copy comes to show the truth by itself', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'expired', 100, { isShown: false });
      await desk.tell('alice', 'l1', id, 'settled', 30);
      expect(await desk.corrections()).toEqual([]);
    });

    it('take a second hold for the same call off the copy that made it', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = await purse.open('alice', 100);
      await desk.tell('alice', 'l1', id, 'settled', 60);
      expect(await desk.corrections()).toMatchObject([
        { reservation: id, lease: desk.leaseNamed('l1'), state: 'released', spent: 0 },
      ]);
    });

    it('are not made for leases whose copy is gone', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      await desk.change('alice', 'l1', 'suspectLease');
      await purse.settle(id, 60);
      expect(await desk.corrections()).toEqual([]);
    });

    it('end with their lease', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      await desk.tell('alice', 'l1', purse.id(), 'settled', 40, { isShown: false });
      await desk.change('alice', 'l1', 'closeLease');
      expect(await desk.corrections()).toEqual([]);
    });

    it('come oldest first, no more than asked for, and only to the holder they concern', async () => {
      const { desk, purse, clock, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const ids = [purse.id(), purse.id(), purse.id()];
      for (const id of ids.toReversed()) {
        clock.advance(1);
        await desk.tell('alice', 'l1', id, 'settled', 10, { isShown: false });
      }
      const first = await authority.corrections(desk.holder, 2);
      expect(first.map(({ reservation }) => reservation)).toEqual([ids[2], ids[1]]);
      expect(await authority.corrections(desk.holderNamed('other'), 10)).toEqual([]);
    });

    it('for a lease that nobody knew reach whoever brought its journal home', async () => {
      const { desk, purse } = bench;
      const id = await purse.open('alice', 100);
      await desk.claim('w1', 1_000);
      await desk.bringHome('w1', '1-0', [desk.report('alice', 'lost', id, 'settled', 60)]);
      expect(await desk.corrections()).toMatchObject([
        { lease: desk.leaseNamed('lost'), state: 'released', spent: 0 },
      ]);
    });
  });
}
