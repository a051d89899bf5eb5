/** The sweeper: ends what has expired, keeps its rhythm, and can be stopped. */
import { SWEEP_MAX } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { BACKOFF_MS_MAX, Sweeper } from '../../src/sweep/sweeper.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime, settled } from '../support/manual-time.ts';
import { idOf, openTestService } from '../support/test-service.ts';

/** A sweeper over something that answers as it is told to. */
function open(answer: (sweep: number) => number | Promise<number>) {
  const time = new ManualTime();
  const sweptAtMs: number[] = [];
  const startedAtMs = time.nowMs();
  const tier = {
    sweep: async () => {
      sweptAtMs.push(time.nowMs() - startedAtMs);
      return answer(sweptAtMs.length);
    },
  };
  const sweeper = new Sweeper({ tier, timers: time, intervalMs: 1_000, log: SILENT_LOG });
  return { time, sweeper, sweptAtMs };
}

describe('an expired reservation', () => {
  it('is ended within a sweep, and its money can be spent again', async () => {
    const { tier, time, as } = openTestService();
    const bursar = as();
    const sweeper = new Sweeper({ tier, timers: time, intervalMs: 1_000, log: SILENT_LOG });
    sweeper.start();
    const call = { user: 'alice', model: 'test-model', amountUsd: '1.00', ttlMs: 5_000 };
    await bursar.meter.reserve({ ...call, reservation: idOf(1) });
    await time.advance(4_900);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '1.00' });
    await time.advance(1_100);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      reservedUsd: '0.00',
      settledUsd: '0.00',
    });
    await sweeper.stop();
  });

  it('of a call that was on its way is charged with what was set aside', async () => {
    const { tier, time, as } = openTestService();
    const bursar = as();
    const sweeper = new Sweeper({ tier, timers: time, intervalMs: 1_000, log: SILENT_LOG });
    sweeper.start();
    const call = { user: 'alice', model: 'test-model', amountUsd: '0.30' };
    await bursar.meter.reserve({ ...call, reservation: idOf(1) });
    await bursar.meter.extend({ reservation: idOf(1), dispatched: true });
    await time.advance(61_000);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      reservedUsd: '0.00',
      settledUsd: '0.30',
    });
    await sweeper.stop();
  });
});

describe('the rhythm', () => {
  it('is one sweep at the start and one after each pause', async () => {
    const { time, sweeper, sweptAtMs } = open(() => 0);
    sweeper.start();
    sweeper.start();
    await time.advance(3_000);
    expect(sweptAtMs).toEqual([0, 1_000, 2_000, 3_000]);
    await sweeper.stop();
  });

  it('has no pause after a full sweep', async () => {
    const { time, sweeper, sweptAtMs } = open((sweep) => (sweep <= 3 ? SWEEP_MAX : 0));
    sweeper.start();
    await time.advance(1_000);
    expect(sweptAtMs).toEqual([0, 0, 0, 0, 1_000]);
    await sweeper.stop();
  });

  it('slows down while sweeps fail, up to a bound, and returns to normal after a success', async () => {
    const { time, sweeper, sweptAtMs } = open((sweep) => {
      if (sweep <= 7) throw new Error('the store is away');
      return 0;
    });
    sweeper.start();
    await time.advance(400_000);
    const pauses = sweptAtMs.slice(1).map((atMs, index) => atMs - (sweptAtMs[index] ?? 0));
    expect(pauses.slice(0, 8)).toEqual([
      2_000,
      4_000,
      8_000,
      16_000,
      BACKOFF_MS_MAX,
      BACKOFF_MS_MAX,
      BACKOFF_MS_MAX,
      1_000,
    ]);
    await sweeper.stop();
  });

  it('never lets two sweeps overlap, however long one takes', async () => {
    let finish: (ended: number) => void = () => {};
    const { time, sweeper, sweptAtMs } = open(() => new Promise((resolve) => (finish = resolve)));
    sweeper.start();
    await time.advance(60_000);
    expect(sweptAtMs).toEqual([0]);
    finish(0);
    await time.advance(1_000);
    expect(sweptAtMs).toEqual([0, 61_000]);
    finish(0);
    await sweeper.stop();
  });
});

describe('stopping', () => {
  it('waits for the running sweep, and none begins after it', async () => {
    let finish: (ended: number) => void = () => {};
    const { time, sweeper, sweptAtMs } = open(() => new Promise((resolve) => (finish = resolve)));
    sweeper.start();
    await time.advance(0);
    let isStopped = false;
    const stopping = sweeper.stop().then(() => (isStopped = true));
    await settled();
    expect(isStopped).toBe(false);
    finish(SWEEP_MAX);
    await stopping;
    await time.advance(60_000);
    expect(sweptAtMs).toEqual([0]);
    expect(time.waiting).toBe(0);
  });

  it('before the first sweep leaves nothing behind', async () => {
    const { time, sweeper, sweptAtMs } = open(() => 0);
    sweeper.start();
    await sweeper.stop();
    await time.advance(60_000);
    expect(sweptAtMs).toEqual([]);
    expect(time.waiting).toBe(0);
  });
});
