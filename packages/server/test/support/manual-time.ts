/** Time and timers that stand still until a test moves them. */
import type { Clock, InstantMs } from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import type { Timers } from '../../src/clock/timers.ts';

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/** A clock with timers on it. */
export class ManualTime implements Clock, Timers {
  readonly #clock: ManualClock;
  #timers: readonly Timer[] = [];

  constructor(nowMs?: InstantMs | number) {
    this.#clock = new ManualClock(nowMs as InstantMs | undefined);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  nowMs(): InstantMs {
    return this.#clock.nowMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueAtMs: this.nowMs() + delayMs, callback };
    this.#timers = [...this.#timers, timer];
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on; timers that become due fire in order, and what they started settles in between. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.nowMs() + byMs;
    for (;;) {
      await settled();
      const [next] = this.#timers
        .filter(({ dueAtMs }) => dueAtMs <= untilMs)
        .toSorted((a, b) => a.dueAtMs - b.dueAtMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#clock.set(Math.max(this.nowMs(), next.dueAtMs));
      next.callback();
    }
    this.#clock.set(untilMs);
    await settled();
  }
}

/** Lets everything that can go on without time or I/O go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
