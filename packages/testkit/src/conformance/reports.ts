import { amount, type ReservationId, SUSPECT_GRACE_MS, SWEEP_MAX } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

/** What a journal may say about one call: it began, went on, was given up, ran out, and its truth. */
const EVENTS = [
  ['reserved', 0],
  ['reserved', 30],
  ['released', 30],
  ['expired', 100],
  ['settled', 40],
] as const;

export function exerciseReports(bench: AuthorityBench): void {
  describe('reports', () => {
    it('under a lease give the same books in any order and however often they come', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'l1', { need: 1_000 });
      await purse.setLimit('alice', 100_000);
      await desk.draw('alice', 'l1', 90_000, 1_000);
      let calls = 0;
      for (const order of permutations([0, 1, 2, 3, 4])) {
        const id = purse.id();
        const commands = [...order, ...order.toReversed()].map((index) => {
          const [state, spent] = EVENTS[index] ?? EVENTS[0];
          return desk.report('alice', 'l1', id, state, spent);
        });
        await authority.executeAll(commands);
        calls += 1;
      }
      const spent = 40 * calls;
      expect(await desk.lease('alice', 'l1')).toMatchObject({ settled: spent, drawn: 91_000 });
      expect(await desk.sums('alice')).toEqual({
        settled: spent,
        reserved: 0,
        leased: 91_000 - spent,
      });
    });

    it('of an open call set nothing aside: it is inside its lease', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 0, leased: 400 });
      await desk.tell('alice', 'l1', id, 'reserved', 30, { amount: 150 });
      expect(await desk.sums('alice')).toEqual({ settled: 30, reserved: 0, leased: 370 });
      expect(await bench.authority.reservation(id)).toMatchObject({
        state: 'reserved',
        amount: 150,
        spent: 30,
        dispatched: true,
      });
      await desk.tell('alice', 'l1', id, 'settled', 50);
      expect(await desk.sums('alice')).toEqual({ settled: 50, reserved: 0, leased: 350 });
    });

    it('of a lower estimate after a higher one give nothing back', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'expired', 100);
      await desk.tell('alice', 'l1', id, 'expired', 60);
      expect(await desk.sums('alice')).toMatchObject({ settled: 100, leased: 300 });
      await desk.tell('alice', 'l1', id, 'settled', 10);
      expect(await desk.sums('alice')).toMatchObject({ settled: 10, leased: 390 });
    });

    it('adopt a lease and an account that the authority has lost', async () => {
      const { desk, purse } = bench;
      await desk.claim('w1', 1_000);
      const open = purse.id();
      const ended = purse.id();
      await desk.bringHome('w1', '1-0', [
        desk.report('alice', 'lost', open, 'reserved', 0),
        desk.report('alice', 'lost', ended, 'settled', 70),
      ]);
      expect(await desk.lease('alice', 'lost')).toMatchObject({
        holder: desk.holder,
        settled: 70,
        drawn: 0,
        state: 'live',
      });
      expect(await desk.sums('alice')).toEqual({ settled: 70, reserved: 0, leased: 0 });
      await desk.draw('alice', 'lost', 0, 200);
      expect(await desk.sums('alice')).toEqual({ settled: 70, reserved: 0, leased: 130 });
    });

    it('past the journal adopt a lease without a holder, which is named by who proves to have it', async () => {
      const { desk, purse } = bench;
      await desk.tell('alice', 'lost', purse.id(), 'reserved', 0);
      await desk.draw('alice', 'lost', 0, 0);
      expect(await desk.lease('alice', 'lost')).toMatchObject({ holder: desk.holder });
    });

    it('of one call on several budgets come leg by leg, each under its lease', async () => {
      const { desk, purse, authority } = bench;
      await desk.open('alice', 'la', { need: 200 });
      await desk.open('team', 'lt', { need: 300 });
      const id = purse.id();
      await desk.tell('alice', 'la', id, 'reserved', 0);
      await desk.tell('team', 'lt', id, 'reserved', 0);
      const accounts = [purse.leg('alice').account, purse.leg('team').account].toSorted();
      expect(await authority.reservation(id)).toMatchObject({ reservation: { accounts } });
      await authority.executeAll([
        desk.report('team', 'lt', id, 'settled', 50),
        desk.report('alice', 'la', id, 'settled', 50),
      ]);
      expect(await desk.sums('alice')).toEqual({ settled: 50, reserved: 0, leased: 150 });
      expect(await desk.sums('team')).toEqual({ settled: 50, reserved: 0, leased: 250 });
    });

    it('of a call that the authority decided itself do not move it to the lease', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = await purse.open('alice', 100);
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 100, leased: 400 });
      await desk.tell('alice', 'l1', id, 'settled', 60);
      expect(await desk.sums('alice')).toEqual({ settled: 60, reserved: 0, leased: 400 });
    });

    it('by a caller whose call every store has lost are booked on the accounts it names', async () => {
      const { desk, purse, authority } = bench;
      await purse.adjust('alice', 'before', 100);
      const settle = (id: ReservationId, cost: number, final: boolean) =>
        authority.execute({
          kind: 'settle',
          reservation: id,
          cost: amount(cost),
          final,
          adopt: { legs: [purse.leg('alice'), purse.leg('team')], terms: null },
          detail: null,
        });
      const id = purse.id();
      expect(await settle(id, 60, true)).toMatchObject({ late: true, overage: 60 });
      expect(await settle(id, 60, true)).toMatchObject({ replayed: true });
      expect(await desk.sums('alice')).toMatchObject({ settled: 160 });
      expect(await desk.sums('team')).toMatchObject({ settled: 60 });
      const running = await settle(purse.id(), 0, false);
      expect(running).toMatchObject({ outcome: 'applied', state: 'reserved' });
    });

    it('say when it happened, not when it was heard', async () => {
      const { desk, purse, clock } = bench;
      const report = desk.report('alice', 'l1', purse.id(), 'settled', 10);
      clock.advance(5_000);
      await bench.authority.execute(report);
      const [entry] = await bench.authority.entries({
        account: purse.leg('alice').account,
        limit: 1,
      });
      expect(entry).toMatchObject({ atMs: report.atMs, lease: desk.leaseNamed('l1') });
    });

    it('leave calls on a live lease to its holder: no sweep ends them', async () => {
      const { desk, purse, clock, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0, { ttlMs: 1_000 });
      clock.advance(10 * SUSPECT_GRACE_MS);
      await authority.sweep(SWEEP_MAX);
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'applied' });
      expect(await authority.reservation(id)).toMatchObject({ state: 'reserved' });
    });

    it('that stop with their holder are followed by a sweep: what went out is charged, after a grace', async () => {
      const { desk, purse, clock, authority } = bench;
      await desk.open('alice', 'l1', { need: 400 });
      const sent = purse.id();
      const kept = purse.id();
      await desk.tell('alice', 'l1', sent, 'reserved', 0, { ttlMs: 1_000 });
      await desk.tell('alice', 'l1', kept, 'reserved', 0, { ttlMs: 1_000, dispatched: false });
      clock.advance(1_000);
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(SUSPECT_GRACE_MS - 1);
      await authority.sweep(SWEEP_MAX);
      expect(await authority.reservation(sent)).toMatchObject({ state: 'reserved' });
      clock.advance(1);
      await authority.sweep(SWEEP_MAX);
      expect(await authority.reservation(sent)).toMatchObject({ state: 'expired', spent: 100 });
      expect(await authority.reservation(kept)).toMatchObject({ state: 'expired', spent: 0 });
      expect(await desk.sums('alice')).toEqual({ settled: 100, reserved: 0, leased: 300 });
    });

    it('of a call whose lease is gone do not keep its caller from settling and extending here', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 100 });
      const id = purse.id();
      await desk.tell('alice', 'l1', id, 'reserved', 0);
      await desk.change('alice', 'l1', 'suspectLease');
      expect(await purse.extend(id, { amount: 150 })).toMatchObject({
        outcome: 'applied',
        amount: 150,
      });
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 0, leased: 150 });
      await purse.settle(id, 140);
      expect(await desk.sums('alice')).toEqual({ settled: 140, reserved: 0, leased: 10 });
    });
  });
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
