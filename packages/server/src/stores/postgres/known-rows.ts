/**
 * What a process remembers of rows that never change: which accounts exist, and on which accounts a
 * reservation is. Saves a batch the look-up before its locks; what it decides on is still read under them.
 *
 * Invariant: only what was committed is remembered. A memory that is out of date (another tier's report may
 * widen a reservation) is noticed when the rows are read, and the batch looks them up after all.
 */
import type { AccountId, ReservationId } from '@bursar/core';
import { LRUCache } from 'lru-cache';

const ROWS_MAX = 50_000;

/** A bounded memory. */
export class KnownRows {
  readonly #accounts = new LRUCache<AccountId, true>({ max: ROWS_MAX });
  readonly #reservations = new LRUCache<ReservationId, readonly AccountId[]>({ max: ROWS_MAX });

  hasAccount(id: AccountId): boolean {
    return this.#accounts.get(id) !== undefined;
  }

  /** The accounts that the reservation was on when it was last seen. */
  accountsOf(id: ReservationId): readonly AccountId[] | undefined {
    return this.#reservations.get(id);
  }

  rememberAccount(id: AccountId): void {
    this.#accounts.set(id, true);
  }

  rememberReservation(id: ReservationId, accounts: readonly AccountId[]): void {
    this.#reservations.set(id, accounts);
  }
}
