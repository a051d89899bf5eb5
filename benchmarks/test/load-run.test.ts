import { describe, expect, test } from 'vitest';
import { CallLog, outcomeOf } from '../src/load/call-log.ts';
import { analyse } from '../src/load/analyse.ts';
import { compareBookings, isMoneyRight, spentOf } from '../src/load/audit-load.ts';
import { generate, type LoadTime, type MeteringService } from '../src/load/generate.ts';
import type { LoadPlan } from '../src/load/plan.ts';
import { costOf, Workload } from '../src/load/workload.ts';

const PLAN: LoadPlan = {
  name: 'it',
  title: 'It',
  phases: [
    { name: 'before', seconds: 1, perSecond: 100 },
    { name: 'away', seconds: 1, perSecond: 100, isDisturbed: true },
    { name: 'back', seconds: 2, perSecond: 100 },
  ],
  population: { users: 10, zipf: 1, runsOut: false },
  seed: 1,
  directPool: 10,
};

/** Time that passes when somebody waits, and then at once. */
class InstantTime implements LoadTime {
  #nowMs = 1_000_000;
  readonly #waiting: { readonly atMs: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ atMs: this.#nowMs + ms, wake: resolve });
      if (this.#waiting.length === 1) setImmediate(() => this.#pass());
    });
  }

  #pass(): void {
    this.#waiting.sort((a, b) => a.atMs - b.atMs);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.wake();
    if (this.#waiting.length > 0) setImmediate(() => this.#pass());
  }
}

/** A service that takes `ms` for each answer. */
const serviceOf = (time: LoadTime, over: Partial<MeteringService> = {}): MeteringService => ({
  async reserve() {
    await time.wait(10);
    return { allowed: true, mode: 'hybrid' };
  },
  async settle(call) {
    await time.wait(5);
    return costOf(call);
  },
  release: () => time.wait(5),
  repeats: true,
  close: async () => {},
  ...over,
});

const run = async (over: (time: LoadTime) => Partial<MeteringService> = () => ({})) => {
  const time = new InstantTime();
  const workload = new Workload(PLAN);
  const made = await generate(workload, serviceOf(time, over(time)), time, time.now());
  return { ...made, workload };
};

describe('the generator', () => {
  test('makes every call when it is due, and measures from then until it is decided and booked', async () => {
    const { log, workload } = await run();

    for (const { index, end } of workload) {
      expect(log.lateMs[index]).toBeLessThan(0.01);
      expect(log.decideMs[index]).toBeCloseTo(10, 2);
      if (end !== 'vanished') expect(log.bookMs[index]).toBeCloseTo(5, 2);
      expect(outcomeOf(log, index)).toBe(end === 'cut-off' ? 'settled' : end);
    }
  });

  test('does not wait for answers: a service that stops for a second makes that second long for all calls', async () => {
    const { log, workload } = await run((time) => {
      const beganMs = time.now();
      return {
        async reserve() {
          const sinceMs = time.now() - beganMs;
          await time.wait(sinceMs > 1_000 && sinceMs < 2_000 ? 2_000 - sinceMs : 1);
          return { allowed: true, mode: 'hybrid' };
        },
      };
    });

    const stopped = [...workload].filter(({ dueMs }) => dueMs > 1_000 && dueMs < 2_000);
    expect(stopped.length).toBeGreaterThan(60);
    for (const { index, dueMs } of stopped) {
      expect(log.decideMs[index]).toBeCloseTo(2_000 - dueMs, 0);
    }
    const { phases } = analyse(PLAN, workload, log);
    expect(phases[1]?.waits.p50).toBeGreaterThan(300);
  });

  test('repeats a settlement that was not acknowledged until it is, and counts it as failed', async () => {
    const failed = new Set<number>();
    const { log, workload, unacknowledged } = await run(() => ({
      async settle(call) {
        if (failed.has(call.index) || call.index % 10 !== 0) return costOf(call);
        failed.add(call.index);
        throw Object.assign(new Error('gone'), { code: 'store_unavailable' });
      },
    }));

    expect(unacknowledged).toBe(0);
    expect(failed.size).toBeGreaterThan(20);
    expect(analyse(PLAN, workload, log).all.failed).toEqual({ store_unavailable: failed.size });
    for (const index of failed) expect(spentOf(workload, log).has(index)).toBe(true);
  });

  test('tells settlements that are priced otherwise than the tokens cost', async () => {
    const { mispriced } = await run(() => ({ settle: async (call) => costOf(call) + 1 }));

    expect(mispriced).toBeGreaterThan(100);
  });
});

describe('the analysis', () => {
  const workload = new Workload(PLAN);
  const logWith = (waitMs: (dueMs: number) => number): CallLog => {
    const log = new CallLog(workload.size);
    for (const { index, dueMs } of workload) {
      log.decided(index, waitMs(dueMs), 'hybrid');
      log.ended(index, 'settled', { bookMs: 0 });
    }
    return log;
  };

  test('says when calls were as fast again as before a disturbance', () => {
    const slowUntil = (ms: number) => logWith((dueMs) => (dueMs > 1_000 && dueMs < ms ? 90 : 10));
    const recoveryOf = (ms: number) =>
      analyse(PLAN, workload, slowUntil(ms).columns).recoverySeconds;

    expect(recoveryOf(2_000)).toBe(0);
    // Slices are 0.4 s long.
    expect(recoveryOf(2_800)).toBe(0.8);
    expect(recoveryOf(4_000)).toBeNull();
  });

  test('counts an answer when it came, and not when its call was due', () => {
    const { phases, all } = analyse(
      PLAN,
      workload,
      logWith((dueMs) => 1_000 + (dueMs % 1)).columns,
    );

    expect(phases[0]?.offeredPerSecond).toBeGreaterThan(80);
    expect(phases[0]?.answeredPerSecond).toBe(0);
    expect(phases[1]?.answeredPerSecond).toBeGreaterThan(70);
    expect(all.answeredPerSecond).toBeLessThan(0.8 * all.offeredPerSecond);
  });

  test('does not call it recovered while calls fail', () => {
    const log = logWith(() => 10);
    for (const { index, dueMs } of workload) {
      if (dueMs > 1_000) log.ended(index, 'reserve-failed', { why: 'store_unavailable' });
    }

    expect(analyse(PLAN, workload, log.columns).recoverySeconds).toBeNull();
  });
});

describe('the money of a run', () => {
  const spent = new Map([
    [1, 100n],
    [2, 200n],
  ]);
  const booking = (index: number, nanoUsd: bigint) => ({ account: 'a', index, nanoUsd });
  const RIGHT = { lost: 0n, duplicated: 0n, overspent: 0n };

  test('is right when each call is booked once, at what it cost', () => {
    const sums = compareBookings(spent, [booking(1, 100n), booking(2, 200n)], 300n);

    expect(sums).toEqual({ ...RIGHT, made: 300n });
    expect(isMoneyRight({ ...sums, leftHeld: 0n, findings: [] })).toBe(true);
  });

  test.each([
    ['lost', [booking(1, 100n)], 300n, { lost: 200n }],
    [
      'booked twice',
      [booking(1, 100n), booking(2, 200n), booking(1, 100n)],
      400n,
      { duplicated: 100n },
    ],
    [
      'booked for a call that nobody made',
      [booking(1, 100n), booking(2, 200n), booking(3, 5n)],
      400n,
      { duplicated: 5n },
    ],
    ['booked for another call', [booking(1, 300n)], 300n, { lost: 200n, duplicated: 200n }],
    ['spent beyond the limit', [booking(1, 100n), booking(2, 200n)], 250n, { overspent: 50n }],
  ])('is not right when something is %s', (_, bookings, limit, wrong) => {
    const sums = compareBookings(spent, bookings, limit);

    expect(sums).toEqual({ ...RIGHT, made: 300n, ...wrong });
    expect(isMoneyRight({ ...sums, leftHeld: 0n, findings: [] })).toBe(false);
  });
});
