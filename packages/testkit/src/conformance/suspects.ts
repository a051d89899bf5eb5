import { type DurationMs, SUSPECT_GRACE_MS, SWEEP_MAX } from '@bursar/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

const QUARANTINE_MS = 10_000 as DurationMs;
const DEAD_AFTER_MS = 30_000 as DurationMs;

export function exerciseSuspects(bench: AuthorityBench): void {
  describe('suspect leases', () => {
    const close = (limit = 1_000) =>
      bench.authority.closeSuspects({
        quarantineMs: QUARANTINE_MS,
        deadAfterMs: DEAD_AFTER_MS,
        limit,
      });
    const state = async (name = 'l1') => (await bench.desk.lease('alice', name))?.state;

    beforeEach(async () => {
      await bench.desk.open('alice', 'l1', { need: 400 });
    });

    it('are closed after their quarantine, and not before', async () => {
      const { desk, clock } = bench;
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(QUARANTINE_MS - 1);
      await close();
      expect(await state()).toBe('suspect');
      expect(await desk.sums('alice')).toMatchObject({ leased: 400 });
      clock.advance(1);
      expect(await close()).toBeGreaterThanOrEqual(1);
      expect(await state()).toBe('closed');
      expect(await desk.sums('alice')).toMatchObject({ leased: 0 });
    });

    it('keep what was booked under them', async () => {
      const { desk, purse, clock } = bench;
      await desk.tell('alice', 'l1', purse.id(), 'settled', 150);
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(QUARANTINE_MS);
      await close();
      expect(await desk.sums('alice')).toEqual({ settled: 150, reserved: 0, leased: 0 });
      expect(await desk.lease('alice', 'l1')).toMatchObject({ state: 'closed', settled: 150 });
    });

    it('are not closed while live, whatever their age', async () => {
      bench.clock.advance(100 * QUARANTINE_MS);
      await close();
      expect(await state()).toBe('live');
    });

    it('wait for a worker that may still carry their money', async () => {
      const { desk, clock } = bench;
      await desk.attest('w1', 0);
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(QUARANTINE_MS);
      await close();
      expect(await state()).toBe('suspect');
      // Its oldest call began when the lease became suspect.
      await desk.attest('w1', QUARANTINE_MS);
      await close();
      expect(await state()).toBe('suspect');
      await desk.attest('w1', QUARANTINE_MS - 1);
      await close();
      expect(await state()).toBe('closed');
    });

    it('wait for the last of several workers, and not for those of other holders', async () => {
      const { desk, clock, authority } = bench;
      await desk.attest('w1', 0);
      await desk.attest('w2', 0);
      await authority.attest({
        id: desk.worker('w3'),
        holder: desk.holderNamed('other'),
        incarnation: 1,
        oldestMs: 5_000 as DurationMs,
      });
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(QUARANTINE_MS);
      await desk.attest('w1', 0);
      await close();
      expect(await state()).toBe('suspect');
      await authority.leave(desk.worker('w2'));
      await close();
      expect(await state()).toBe('closed');
    });

    it('do not wait for a worker that has been silent for as long as the dead are', async () => {
      const { desk, clock } = bench;
      await desk.change('alice', 'l1', 'suspectLease');
      await desk.attest('w1', 1_000);
      clock.advance(DEAD_AFTER_MS - 1);
      await close();
      expect(await state()).toBe('suspect');
      clock.advance(1);
      await close();
      expect(await state()).toBe('closed');
    });

    it('wait for calls that are open on them, which a sweep ends', async () => {
      const { desk, purse, clock, authority } = bench;
      await desk.tell('alice', 'l1', purse.id(), 'reserved', 0, { ttlMs: 1_000 });
      await desk.change('alice', 'l1', 'suspectLease');
      clock.advance(SUSPECT_GRACE_MS);
      await close();
      expect(await state()).toBe('suspect');
      await authority.sweep(SWEEP_MAX);
      await close();
      expect(await state()).toBe('closed');
      expect(await desk.sums('alice')).toEqual({ settled: 100, reserved: 0, leased: 0 });
    });

    it('are closed in the order in which they became suspect, no more than asked for', async () => {
      const { desk, clock } = bench;
      clock.advance(100 * DEAD_AFTER_MS);
      while ((await close()) > 0);
      await desk.open('alice', 'l2', { need: 100, ticket: 2 });
      clock.advance(1);
      await desk.open('alice', 'l3', { need: 100, ticket: 3 });
      clock.advance(QUARANTINE_MS);
      expect(await close(1)).toBe(1);
      expect([await state('l1'), await state('l2')]).toEqual(['closed', 'suspect']);
      expect(await close(1)).toBe(1);
      expect([await state('l2'), await state('l3')]).toEqual(['closed', 'live']);
      expect(await desk.sums('alice')).toMatchObject({ leased: 100 });
    });
  });
}
