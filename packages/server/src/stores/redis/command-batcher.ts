/**
 * Lets commands that arrive together travel together.
 *
 * A script call costs as much as several commands, and Redis spends a third less when one call carries all
 * that a tick brought. But an idle command must not wait: with nothing in flight it goes at once; otherwise
 * it waits for the end of the event loop's turn. A few calls may be in flight; beyond that, waiting makes
 * batches larger, not the queue of the connection longer.
 */
import { CHANGES_MAX, KEYS_MAX } from '@bursar/lua-scripts';

/** Calls of one shard that may be unanswered. */
const IN_FLIGHT_MAX = 4;
/**
 * Commands of one call. A call may carry `COMMANDS_MAX`, twice as many; but then 64 callers all wait for
 * the same call, and Redis and this process take turns: 12,000 pairs/s instead of 20,000.
 */
const BATCH_MAX = 32;
/** Keys of a call besides those of accounts and limiters. */
const SHARD_KEYS = 6;

/** What is batched. */
export interface Batchable {
  readonly accounts: readonly string[];
  readonly limiters: readonly string[];
  /** Reservations that it can change. */
  readonly changes: number;
}

/**
 * Sends items, answers each by itself, and never rejects. `landed` is to be called, once is enough, when nothing more is in
 * flight and before anybody is answered: who asks again in answer to that must find the way free.
 */
export type SendItems<Item> = (items: readonly Item[], landed: () => void) => Promise<void>;

/** The commands of one shard on their way. */
export class CommandBatcher<Item extends Batchable> {
  readonly #send: SendItems<Item>;
  #waiting: Item[] = [];
  #inFlight = 0;
  #isScheduled = false;

  constructor(send: SendItems<Item>) {
    this.#send = send;
  }

  /** How many wait for their call. */
  get waiting(): number {
    return this.#waiting.length;
  }

  push(item: Item): void {
    this.#waiting.push(item);
    if (this.#isScheduled) return;
    if (this.#inFlight === 0) this.#flush();
    else if (this.#inFlight < IN_FLIGHT_MAX) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight < IN_FLIGHT_MAX) {
      const batch = this.#take();
      this.#inFlight += 1;
      this.#sendNow(batch);
    }
  }

  #sendNow(batch: readonly Item[]): void {
    let isInFlight = true;
    const landed = (): void => {
      if (!isInFlight) return;
      isInFlight = false;
      this.#inFlight -= 1;
      if (this.#waiting.length > 0 && !this.#isScheduled) this.#schedule();
    };
    void this.#send(batch, landed).then(landed);
  }

  /** In their order, as many as one call may carry. */
  #take(): Item[] {
    const { length } = this.#waiting;
    if (length <= BATCH_MAX && this.#isSmall()) {
      const batch = this.#waiting;
      this.#waiting = [];
      return batch;
    }
    const batch: Item[] = [];
    const left: Item[] = [];
    // Ids of accounts and limiters look alike, and each has a key of its own.
    const accounts = new Set<string>();
    const limiters = new Set<string>();
    let changes = 0;
    for (const item of this.#waiting) {
      const keys =
        item.accounts.reduce((sum, account) => sum + (accounts.has(account) ? 0 : 1), 0) +
        item.limiters.reduce((sum, limiter) => sum + (limiters.has(limiter) ? 0 : 1), 0);
      const fits =
        batch.length < BATCH_MAX &&
        changes + item.changes <= CHANGES_MAX &&
        SHARD_KEYS + accounts.size + limiters.size + keys <= KEYS_MAX;
      if (!fits && batch.length > 0) {
        left.push(item);
        continue;
      }
      batch.push(item);
      changes += item.changes;
      for (const account of item.accounts) accounts.add(account);
      for (const limiter of item.limiters) limiters.add(limiter);
    }
    this.#waiting = left;
    return batch;
  }

  /** Whether all that waits fits into one call, even if no two are about the same. */
  #isSmall(): boolean {
    let [changes, keys] = [0, SHARD_KEYS];
    for (const item of this.#waiting) {
      changes += item.changes;
      keys += item.accounts.length + item.limiters.length;
    }
    return changes <= CHANGES_MAX && keys <= KEYS_MAX;
  }
}
