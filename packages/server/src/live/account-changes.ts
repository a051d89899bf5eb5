/** The accounts that somebody watches: one watch for each, however many watchers. */
import type { Account, AccountId, Period } from '@bursar/core';
import { AccountWatch, type WatchOptions } from './account-watch.ts';

/** Finds or makes the watch of an account, and tells it what this process has changed. */
export class AccountChanges {
  readonly #options: WatchOptions;
  readonly #watches = new Map<AccountId, AccountWatch>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** States of `account`; see `AccountWatch.states`. */
  async *states(
    account: AccountId,
    period: Period,
    signal: AbortSignal,
  ): AsyncGenerator<Account | undefined, void> {
    // Found only when the first state is asked for: a watch that ended in between would never be told.
    yield* this.#watchOf(account, period).states(signal);
  }

  /** The accounts as a command of this process has left them. */
  publish(accounts: readonly Account[]): void {
    for (const account of accounts) this.#watches.get(account.id)?.offer(account);
  }

  #watchOf(account: AccountId, period: Period): AccountWatch {
    const known = this.#watches.get(account);
    if (known !== undefined) return known;
    const watch = new AccountWatch(account, period, this.#options, () => {
      if (this.#watches.get(account) === watch) this.#watches.delete(account);
    });
    this.#watches.set(account, watch);
    return watch;
  }
}
