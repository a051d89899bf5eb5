/**
 * Watching one account: its latest state, for any number of watchers.
 *
 * Changes made by this process arrive by `offer`, at once; those of other servers are seen by reading the
 * tier once in `pollMs` while somebody watches. A watcher that is slow skips states and sees the latest:
 * nothing is queued. The watch ends with the account's period.
 */
import type { Account, AccountId, Clock, Period, Tier } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';

/** What a watch needs of its surroundings. */
export interface WatchOptions {
  readonly tier: Pick<Tier, 'account'>;
  readonly time: Clock & Timers;
  readonly pollMs: number;
  readonly log: Log;
}

/** The latest state of one account, and who waits for the next. */
export class AccountWatch {
  readonly #account: AccountId;
  readonly #period: Period;
  readonly #options: WatchOptions;
  readonly #onDone: () => void;
  readonly #waiting = new Set<() => void>();
  #watchers = 0;
  #latest: Account | undefined;
  /** Raised by each new state; 0 until the first is known. */
  #version = 0;
  #isEnded = false;
  #cancelPoll: (() => void) | undefined;

  /** `onDone` is called when the last watcher has left or the period is over; nobody may join after that. */
  constructor(account: AccountId, period: Period, options: WatchOptions, onDone: () => void) {
    this.#account = account;
    this.#period = period;
    this.#options = options;
    this.#onDone = onDone;
  }

  /**
   * The present state (`undefined`: no command has opened the account), then the latest after each change,
   * until `signal` aborts or the period is over. Throws what the tier throws on the first read; later
   * failures are retried with the next poll.
   */
  async *states(signal: AbortSignal): AsyncGenerator<Account | undefined, void> {
    this.#watchers += 1;
    try {
      this.#offer(await this.#options.tier.account(this.#account));
      if (this.#cancelPoll === undefined) this.#schedulePoll();
      let seen = 0;
      while (!signal.aborted && !this.#isEnded) {
        if (this.#version === seen) {
          await this.#nextChange(signal);
        } else {
          seen = this.#version;
          yield this.#latest;
        }
      }
    } finally {
      this.#watchers -= 1;
      if (this.#watchers === 0) {
        this.#cancelPoll?.();
        this.#cancelPoll = undefined;
        this.#onDone();
      }
    }
  }

  /** Takes in a state that this process has just seen; older ones than the latest are dropped. */
  offer(account: Account): void {
    this.#offer(account);
  }

  #offer(account: Account | undefined): void {
    const isNews =
      this.#version === 0 ||
      (account !== undefined &&
        (this.#latest === undefined || account.sequence > this.#latest.sequence));
    if (!isNews) return;
    this.#latest = account;
    this.#version += 1;
    this.#wake();
  }

  #schedulePoll(): void {
    this.#cancelPoll = this.#options.time.after(this.#options.pollMs, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    if (this.#options.time.nowMs() >= this.#period.endAtMs) {
      this.#isEnded = true;
      this.#onDone();
      this.#wake();
      return;
    }
    try {
      this.#offer(await this.#options.tier.account(this.#account));
    } catch (error) {
      this.#options.log.debug({ error }, 'a watched account could not be read; trying again');
    }
    if (this.#watchers > 0) this.#schedulePoll();
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume);
    });
  }
}
