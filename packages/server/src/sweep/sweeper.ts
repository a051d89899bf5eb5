/**
 * The sweeper: ends reservations whose deadline has passed.
 *
 * Owns the rhythm only; what ends and how is the tier's decision, and any number of sweepers may run. A
 * full sweep is followed by the next at once, an idle one by a pause, a failed one by a longer pause that
 * doubles up to `BACKOFF_MS_MAX`. Two sweeps of one sweeper never overlap.
 */
import { SWEEP_MAX, type Tier } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';

/** Longest pause after failures. */
export const BACKOFF_MS_MAX = 30_000;

/** Sweeps a tier until it is stopped. */
export class Sweeper {
  readonly #tier: Pick<Tier, 'sweep'>;
  readonly #timers: Timers;
  readonly #intervalMs: number;
  readonly #log: Log;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #isStarted = false;

  constructor(options: {
    readonly tier: Pick<Tier, 'sweep'>;
    readonly timers: Timers;
    readonly intervalMs: number;
    readonly log: Log;
  }) {
    this.#tier = options.tier;
    this.#timers = options.timers;
    this.#intervalMs = options.intervalMs;
    this.#log = options.log;
  }

  /** Begins with a sweep at once. Starting twice changes nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule(0);
  }

  /** No sweep begins after this; resolves when the running one is done. May be repeated. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#timers.after(delayMs, () => {
      this.#running = this.#sweep().then((pauseMs) => {
        if (this.#isStarted) this.#schedule(pauseMs);
      });
    });
  }

  /** One sweep; answers how long to wait before the next. Never rejects. */
  async #sweep(): Promise<number> {
    try {
      const ended = await this.#tier.sweep(SWEEP_MAX);
      this.#failures = 0;
      if (ended > 0) this.#log.debug({ ended }, 'expired reservations were ended');
      return ended >= SWEEP_MAX ? 0 : this.#intervalMs;
    } catch (error) {
      this.#failures += 1;
      const pauseMs = Math.min(
        BACKOFF_MS_MAX,
        this.#intervalMs * 2 ** Math.min(this.#failures, 20),
      );
      this.#log.warn({ error, failures: this.#failures, pauseMs }, 'a sweep failed');
      return pauseMs;
    }
  }
}
