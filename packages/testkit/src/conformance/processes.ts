import { type DurationMs, processHolder, SUSPECT_GRACE_MS } from '@bursar/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

const DEAD_AFTER_MS = 30_000 as DurationMs;

export function exerciseProcesses(bench: AuthorityBench): void {
  describe('leases of processes', () => {
    const holderOf = (name: string) => processHolder(`${bench.purse.tenant}-${name}`);
    const silence = () => bench.authority.suspectSilent({ deadAfterMs: DEAD_AFTER_MS });
    const state = async (name: string) => (await bench.desk.lease('alice', name))?.state;
    const attest = (name: string) =>
      bench.authority.attest({
        id: bench.desk.worker(name),
        holder: holderOf(name),
        incarnation: 1,
        oldestMs: 0 as DurationMs,
      });

    beforeEach(async () => {
      await bench.desk.open('alice', 'redis', { need: 100 });
      await bench.desk.open('alice', 'one', { need: 200, holder: holderOf('one') });
      await bench.desk.open('alice', 'two', { need: 300, holder: holderOf('two') });
    });

    it('become suspect when their process has been silent for as long as the dead are, and no others do', async () => {
      const { clock } = bench;
      await attest('one');
      await attest('two');
      clock.advance(DEAD_AFTER_MS - 1);
      await attest('two');
      await silence();
      expect(await state('one')).toBe('live');
      clock.advance(1);
      await silence();
      expect([await state('one'), await state('two'), await state('redis')]).toEqual([
        'suspect',
        'live',
        'live',
      ]);
      expect(await bench.desk.sums('alice')).toMatchObject({ leased: 600 });
    });

    it('of a process that has just registered are not those of a silent one', async () => {
      const { authority, clock, desk } = bench;
      clock.advance(DEAD_AFTER_MS);
      await authority.begin({ holder: holderOf('new'), lineage: 'new', incarnation: 0 });
      await desk.open('alice', 'new', { need: 10, holder: holderOf('new') });
      await silence();
      expect(await state('new')).toBe('live');
    });

    it('of a process that left with everything said are closed when nothing is open on them', async () => {
      const { authority, clock, desk, purse } = bench;
      await attest('one');
      await desk.tell('alice', 'one', purse.id(), 'reserved', 0, { ttlMs: 1_000 });
      await authority.leave(desk.worker('one'));
      clock.advance(Math.max(DEAD_AFTER_MS, SUSPECT_GRACE_MS));
      await silence();
      clock.advance(SUSPECT_GRACE_MS);
      await authority.sweep(1_000);
      await authority.closeSuspects({
        quarantineMs: 1_000 as DurationMs,
        deadAfterMs: DEAD_AFTER_MS,
        limit: 1_000,
      });
      expect(await state('one')).toBe('closed');
      expect(await desk.sums('alice')).toMatchObject({ settled: 100, reserved: 0 });
    });

    it('are asked back from every process but the one that asks, until that has answered', async () => {
      const { authority, purse, clock } = bench;
      const { account } = purse.leg('alice');
      const atMs = clock.nowMs();
      expect(await authority.askBack(account, holderOf('one'))).toBe(1);
      expect(await authority.askedBack(holderOf('one'))).toEqual([]);
      expect(await authority.askedBack(holderOf('two'))).toEqual([{ account, atMs }]);
      expect(await authority.stillAsked(account, holderOf('one'))).toBe(1);
      await authority.answerAskedBack(holderOf('two'), [{ account, atMs }]);
      expect(await authority.askedBack(holderOf('two'))).toEqual([]);
      expect(await authority.stillAsked(account, holderOf('one'))).toBe(0);
    });

    it('that are asked back again meanwhile stay asked for', async () => {
      const { authority, purse, clock } = bench;
      const { account } = purse.leg('alice');
      await authority.askBack(account, holderOf('one'));
      const asked = await authority.askedBack(holderOf('two'));
      clock.advance(1);
      await authority.askBack(account, holderOf('one'));
      await authority.answerAskedBack(holderOf('two'), asked);
      expect(await authority.stillAsked(account, holderOf('one'))).toBe(1);
    });

    it('are not asked back when everything of them is returned or booked', async () => {
      const { authority, desk, purse } = bench;
      const { account } = purse.leg('alice');
      await desk.giveBack('alice', 'two', 250);
      await desk.tell('alice', 'two', purse.id(), 'settled', 50);
      expect(await authority.askBack(account, holderOf('one'))).toBe(0);
      expect(await authority.askedBack(holderOf('two'))).toEqual([]);
    });
  });
}
