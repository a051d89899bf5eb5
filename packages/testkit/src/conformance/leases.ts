import { amount } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { type AuthorityBench, exactly } from './authority-under-test.ts';

export function exerciseLeases(bench: AuthorityBench): void {
  describe('leases', () => {
    it('take a share of what is available and never more than there is', async () => {
      const { desk, purse } = bench;
      const ask = { need: amount(10), least: amount(10), expected: null, minimum: amount(1) };
      expect(await desk.open('alice', 'l1', { ask })).toMatchObject({
        outcome: 'applied',
        lease: { drawn: 250, state: 'live', settled: 0, returned: 0 },
      });
      const other = desk.holderNamed('other');
      await desk.open('alice', 'l2', { need: 700, holder: other });
      const third = { ...exactly(100), least: amount(20) };
      const answer = await desk.open('alice', 'l3', {
        ask: third,
        holder: desk.holderNamed('third'),
      });
      expect(answer).toMatchObject({ lease: { drawn: 50 } });
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 0, leased: 1_000 });
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
      expect(await desk.draw('alice', 'l1', 1, 250)).toMatchObject({ lease: { drawn: 250 } });
    });

    it('grant nothing when what is left helps nobody', async () => {
      const { desk } = bench;
      await desk.open('alice', 'l1', { need: 900 });
      const answer = await desk.open('alice', 'l2', {
        need: 101,
        holder: desk.holderNamed('other'),
      });
      expect(answer).toMatchObject({ outcome: 'applied', lease: { drawn: 0 } });
    });

    it('leave alone what the authority has set aside itself', async () => {
      const { desk, purse } = bench;
      await purse.open('alice', 950);
      expect(await desk.open('alice', 'l1', { need: 60 })).toMatchObject({ lease: { drawn: 0 } });
      expect(await desk.draw('alice', 'l1', 50, 0)).toMatchObject({ lease: { drawn: 50 } });
    });

    it('of one holder replace each other: the first is suspect, and both count in full', async () => {
      const { desk } = bench;
      await desk.open('alice', 'l1', { need: 300, ticket: 1 });
      await desk.open('alice', 'l2', { need: 200, ticket: 2 });
      expect(await desk.lease('alice', 'l1')).toMatchObject({
        state: 'suspect',
        suspectSinceMs: bench.clock.nowMs(),
      });
      expect(await desk.lease('alice', 'l2')).toMatchObject({ state: 'live', drawn: 200 });
      expect(await desk.sums('alice')).toMatchObject({ leased: 500 });
      expect(await desk.draw('alice', 'l1', 10, 300)).toEqual({
        outcome: 'rejected',
        code: 'lease_superseded',
      });
    });

    it('of two holders live next to each other', async () => {
      const { desk } = bench;
      await desk.open('alice', 'l1', { need: 300 });
      await desk.open('alice', 'l2', { need: 200, holder: desk.holderNamed('other') });
      expect(await desk.lease('alice', 'l1')).toMatchObject({ state: 'live' });
      expect(await desk.lease('alice', 'l2')).toMatchObject({ state: 'live' });
    });

    it('are refused under a late ticket, with nothing granted', async () => {
      const { desk } = bench;
      await desk.open('alice', 'l2', { need: 200, ticket: 2 });
      for (const ticket of [1, 2]) {
        expect(await desk.open('alice', 'late', { need: 200, ticket })).toEqual({
          outcome: 'rejected',
          code: 'lease_superseded',
        });
      }
      expect(await desk.lease('alice', 'late')).toBeUndefined();
      expect(await desk.sums('alice')).toMatchObject({ leased: 200 });
    });

    it('are opened once however often they are asked for', async () => {
      const { desk } = bench;
      const first = await desk.open('alice', 'l1', { need: 200 });
      expect(await desk.open('alice', 'l1', { need: 200 })).toEqual({ ...first, replayed: true });
      expect(await desk.sums('alice')).toMatchObject({ leased: 200 });
    });

    it('grow by totals: a draw whose reply was lost is not granted twice', async () => {
      const { desk } = bench;
      await desk.open('alice', 'l1', { need: 100 });
      expect(await desk.draw('alice', 'l1', 60, 100)).toMatchObject({ lease: { drawn: 160 } });
      for (let lost = 0; lost < 3; lost += 1) {
        expect(await desk.draw('alice', 'l1', 60, 100)).toMatchObject({
          replayed: true,
          lease: { drawn: 160 },
        });
      }
      // Of 80 that it needs now, 60 are on their way.
      expect(await desk.draw('alice', 'l1', 80, 100)).toMatchObject({ lease: { drawn: 180 } });
      expect(await desk.draw('alice', 'l1', 10, 180)).toMatchObject({ lease: { drawn: 190 } });
      expect(await desk.sums('alice')).toMatchObject({ leased: 190 });
    });

    it('that the authority has lost are adopted with what their holder proves to have', async () => {
      const { desk } = bench;
      expect(await desk.draw('alice', 'lost', 50, 300)).toMatchObject({
        outcome: 'applied',
        lease: { drawn: 350, holder: desk.holder, state: 'live' },
      });
      expect(await desk.draw('alice', 'lost', 0, 400)).toMatchObject({ lease: { drawn: 400 } });
      expect(await desk.sums('alice')).toMatchObject({ leased: 400 });
    });

    it('come back by totals: an old or repeated return changes nothing', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 1_000 });
      await desk.giveBack('alice', 'l1', 60);
      await desk.giveBack('alice', 'l1', 60);
      await desk.giveBack('alice', 'l1', 40);
      expect(await desk.lease('alice', 'l1')).toMatchObject({ drawn: 1_000, returned: 60 });
      expect(await desk.sums('alice')).toMatchObject({ leased: 940 });
      expect(await purse.reserve('alice', 61)).toMatchObject({ outcome: 'denied' });
      await purse.open('alice', 60);
      await desk.giveBack('alice', 'l1', 5_000);
      expect(await desk.lease('alice', 'l1')).toMatchObject({ returned: 1_000 });
      expect(await desk.sums('alice')).toEqual({ settled: 0, reserved: 60, leased: 0 });
    });

    it('that are closed free what was not booked, and still book what comes late', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 500 });
      const first = purse.id();
      await desk.tell('alice', 'l1', first, 'settled', 120);
      await desk.change('alice', 'l1', 'closeLease');
      expect(await desk.sums('alice')).toEqual({ settled: 120, reserved: 0, leased: 0 });
      await desk.tell('alice', 'l1', purse.id(), 'settled', 30);
      expect(await desk.sums('alice')).toEqual({ settled: 150, reserved: 0, leased: 0 });
      expect(await desk.lease('alice', 'l1')).toMatchObject({ state: 'closed', settled: 150 });
      for (const kind of ['suspectLease', 'closeLease'] as const) {
        expect(await desk.change('alice', 'l1', kind)).toMatchObject({ replayed: true });
      }
    });

    it('may book more than they drew, and the account shows it', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 1_000 });
      await desk.tell('alice', 'l1', purse.id(), 'settled', 1_200);
      expect(await desk.sums('alice')).toEqual({ settled: 1_200, reserved: 0, leased: 0 });
      expect(await purse.reserve('alice', 1)).toMatchObject({
        outcome: 'denied',
        accounts: [{ settled: 1_200, limit: 1_000 }],
      });
    });

    it('stay out when the limit is lowered below them; nothing more is granted', async () => {
      const { desk, purse } = bench;
      await desk.open('alice', 'l1', { need: 800 });
      expect(await purse.setLimit('alice', 500)).toMatchObject({ accounts: [{ leased: 800 }] });
      expect(await desk.draw('alice', 'l1', 1, 800)).toMatchObject({ lease: { drawn: 800 } });
      expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
      await desk.tell('alice', 'l1', purse.id(), 'settled', 700);
      expect(await desk.sums('alice')).toEqual({ settled: 700, reserved: 0, leased: 100 });
    });

    it('are refused to whoever names one that does not exist', async () => {
      const { desk } = bench;
      expect(await desk.giveBack('alice', 'none', 5)).toEqual({
        outcome: 'rejected',
        code: 'lease_superseded',
      });
      expect(await desk.lease('alice', 'none')).toBeUndefined();
    });

    it('are never confused with the right of the authority itself', async () => {
      const { desk, purse } = bench;
      await purse.open('alice', 10);
      const { account } = purse.leg('alice');
      const direct = (await bench.authority.account(account))?.lease ?? desk.leaseNamed('none');
      expect(await bench.authority.lease(account, direct)).toBeUndefined();
    });

    it('asked for together in one transaction share what there is', async () => {
      const { desk, purse, authority } = bench;
      const leases = ['a', 'b', 'c', 'd', 'e'];
      const outcomes = await authority.executeAll(
        leases.map((name) => ({
          kind: 'openLease' as const,
          lease: desk.leaseNamed(name),
          holder: desk.holderNamed(name),
          ticket: 1,
          ask: exactly(300),
          leg: purse.leg('team'),
        })),
      );
      const drawn = outcomes.map((answer) => 'lease' in answer && answer.lease?.drawn);
      expect(drawn).toEqual([300, 300, 300, 0, 0]);
      expect(await desk.sums('team')).toMatchObject({ leased: 900 });
    });

    it('asked for at the same moment never add up to more than there is', async () => {
      const { desk } = bench;
      await Promise.all(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
          desk.open('alice', name, { need: 300, holder: desk.holderNamed(name) }),
        ),
      );
      expect(await desk.sums('alice')).toMatchObject({ leased: 900 });
    });
  });
}
