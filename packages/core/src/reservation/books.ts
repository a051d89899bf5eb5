/**
 * The books: the accounts, reservations, legs and entries that a decision reads, and what it changed.
 *
 * A tier in memory keeps one set of books for good. A tier on a database fills one with the rows that a
 * batch of commands needs, lets `decide` work on it, and writes back what changed. Either way a command's
 * changes are posted together or not at all.
 */
import type { Account } from '../account/account.ts';
import type { Leg } from '../account/leg.ts';
import type { LedgerEntry, LedgerEntryKind } from '../account/ledger-entry.ts';
import type { Amount } from '../amount.ts';
import type { AccountId, BudgetId, LeaseId, LimiterId, ReservationId } from '../ids.ts';
import type { Lease } from '../lease/lease.ts';
import type { LegState } from '../account/leg.ts';
import type { LimiterState } from '../limiter/limiter-state.ts';
import { LegIndex } from './leg-index.ts';
import type { LimiterChange } from './rates.ts';
import type { Reservation } from './reservation.ts';

/** What one command changed; empty lists when it changed nothing. */
export interface Changes {
  readonly accounts: readonly Account[];
  readonly legs: readonly Leg[];
  readonly entries: readonly LedgerEntry[];
  /** The reservation, when the command made it. */
  readonly reservation?: Reservation | undefined;
  /** Leases that changed with the accounts. */
  readonly leases: readonly Lease[];
  /** What the copies of leases have to be told, because they show something else. */
  readonly corrections: readonly Correction[];
  /** Limiters that changed with the accounts; no two alike. */
  readonly limiters?: readonly LimiterChange[] | undefined;
  /** The budget's own limit for this and all later periods, when the command set or cleared (`undefined`) it. */
  readonly limit?:
    | { readonly budget: BudgetId; readonly limit: Amount | null | undefined }
    | undefined;
}

/** How a leg stands in the books, for the copy that its lease funds. */
export interface Correction {
  readonly account: AccountId;
  readonly reservation: ReservationId;
  readonly lease: LeaseId;
  readonly state: Exclude<LegState, 'reserved'>;
  /** What of it counts under the lease, in total. */
  readonly spent: Amount;
  /** What of it counts there by what the copy is known to have heard of: its starting point if it has forgotten the call. */
  readonly shown: Amount;
}

/** What `decide` may read. */
export interface BooksReader {
  account(id: AccountId): Account | undefined;
  /** The budget's own limit; `undefined` when it has none and the default applies. */
  limit(budget: BudgetId): Amount | null | undefined;
  reservation(id: ReservationId): Reservation | undefined;
  leg(account: AccountId, reservation: ReservationId): Leg | undefined;
  lease(account: AccountId, id: LeaseId): Lease | undefined;
  /** The account's leases that are not closed. */
  leases(account: AccountId): readonly Lease[];
  /** The entry of a grant or adjustment under the caller's key. */
  adminEntry(account: AccountId, kind: LedgerEntryKind, key: string): LedgerEntry | undefined;
  /** What is in use of a limiter; `undefined`: nothing. */
  limiter(id: LimiterId): LimiterState | undefined;
}

/** Books in memory, with no bound of their own: whoever fills them bounds them. */
export class Books implements BooksReader {
  readonly #accounts = new Map<AccountId, Account>();
  readonly #limits = new Map<BudgetId, Amount | null | undefined>();
  readonly #reservations = new Map<ReservationId, Reservation>();
  readonly #legs = new LegIndex();
  readonly #adminEntries = new Map<string, LedgerEntry>();
  readonly #leases = new Map<AccountId, Map<LeaseId, Lease>>();
  readonly #limiters = new Map<LimiterId, LimiterState>();

  account(id: AccountId): Account | undefined {
    return this.#accounts.get(id);
  }

  limit(budget: BudgetId): Amount | null | undefined {
    return this.#limits.get(budget);
  }

  reservation(id: ReservationId): Reservation | undefined {
    return this.#reservations.get(id);
  }

  leg(account: AccountId, reservation: ReservationId): Leg | undefined {
    return this.#legs.get(account, reservation);
  }

  lease(account: AccountId, id: LeaseId): Lease | undefined {
    return this.#leases.get(account)?.get(id);
  }

  leases(account: AccountId): readonly Lease[] {
    const leases = [...(this.#leases.get(account)?.values() ?? [])];
    return leases.filter(({ state }) => state !== 'closed');
  }

  adminEntry(account: AccountId, kind: LedgerEntryKind, key: string): LedgerEntry | undefined {
    return this.#adminEntries.get(entryKey(account, kind, key));
  }

  limiter(id: LimiterId): LimiterState | undefined {
    return this.#limiters.get(id);
  }

  /** Takes in what a command changed, or what was read from a store. */
  post(changes: Partial<Changes>): void {
    for (const account of changes.accounts ?? []) this.#accounts.set(account.id, account);
    for (const leg of changes.legs ?? []) this.#legs.set(leg);
    for (const entry of changes.entries ?? []) {
      if (entry.reservation === null) {
        this.#adminEntries.set(entryKey(entry.account, entry.kind, entry.key), entry);
      }
    }
    for (const lease of changes.leases ?? []) {
      const leases = this.#leases.get(lease.account) ?? new Map<LeaseId, Lease>();
      this.#leases.set(lease.account, leases.set(lease.id, lease));
    }
    for (const { id, state } of changes.limiters ?? []) {
      if (state === undefined) this.#limiters.delete(id);
      else this.#limiters.set(id, state);
    }
    const { reservation, limit } = changes;
    if (reservation !== undefined) this.#reservations.set(reservation.id, reservation);
    if (limit !== undefined) this.#limits.set(limit.budget, limit.limit);
  }
}

// Account ids contain no blank.
function entryKey(account: AccountId, kind: LedgerEntryKind, key: string): string {
  return `${account} ${kind} ${key}`;
}
