/**
 * Time that runs as fast as the machine can: clients and a server in this process share one clock, which jumps to the
 * next timer once nothing that was asked for is unanswered any more.
 */
import type { Clock, InstantMs } from '@bursar/core';
import type { Timers } from '@bursar/server';
import { MID_NOVEMBER } from '@bursar/testkit';
import { type Runtime, SYSTEM_RUNTIME } from '../../src/runtime.ts';
import { seededRandom } from './seeded-random.ts';
import { TimerList } from './timer-list.ts';

export class SimulatedTime implements Clock, Timers {
  #nowMs: number = MID_NOVEMBER;
  readonly #timers = new TimerList();
  #pending = 0;

  nowMs(): InstantMs {
    return this.#nowMs as InstantMs;
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#timers.add({ atMs: this.#nowMs + Math.max(0, delayMs), task });
  }

  /** Resolves after `delayMs` of this time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** A client's machine, with chance of its own. */
  runtime(seed: number): Runtime {
    return {
      nowMs: () => this.#nowMs,
      after: (delayMs, task) => this.after(delayMs, task),
      wait: (delayMs) => this.sleep(delayMs),
      random: seededRandom(seed),
      newId: () => SYSTEM_RUNTIME.newId(),
    };
  }

  /** `work`, for whose end time stands still. */
  async still<Value>(work: Promise<Value>): Promise<Value> {
    this.#pending += 1;
    try {
      return await work;
    } finally {
      this.#pending -= 1;
    }
  }

  /** Lets `forMs` pass. */
  async pass(forMs: number): Promise<void> {
    const untilMs = this.#nowMs + forMs;
    for (;;) {
      await this.#quiet();
      const next = this.#timers.next(untilMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.task();
    }
    this.#nowMs = untilMs;
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending > 0);
  }
}
