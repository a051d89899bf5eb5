/** A runtime whose time stands still until a test moves it. Pauses between retries take no time at all. */
import type { Runtime } from '../../src/runtime.ts';
import { SYSTEM_RUNTIME } from '../../src/runtime.ts';

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

export class ManualRuntime implements Runtime {
  /** Every pause that was asked for, in milliseconds. */
  readonly waits: number[] = [];
  #nowMs = 0;
  #timers: Timer[] = [];

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async wait(delayMs: number): Promise<void> {
    this.waits.push(delayMs);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return 0.5;
  }

  newId(): string {
    return SYSTEM_RUNTIME.newId();
  }

  /** Timers that have not fired yet. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Moves time on, firing what is due in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = this.#timers
        .filter(({ atMs }) => atMs <= untilMs)
        .toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.task();
    }
    this.#nowMs = untilMs;
  }
}
