/**
 * The books of an authority in memory: everything that it knows about money, and copies of it.
 *
 * Records are immutable, so a copy of the maps is a copy of the books. Decides nothing.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type BooksReader,
  type BudgetId,
  budgetOf,
  type CarryBooks,
  type Changes,
  type Correction,
  DIRECT,
  type InstantMs,
  type Lease,
  type LeaseId,
  type LedgerEntry,
  type LedgerEntryKind,
  type Leg,
  type LimiterId,
  type LimiterState,
  type Reservation,
  type ReservationId,
} from '@bursar/core';

/** A correction and when it was made. */
export interface KeptCorrection {
  readonly correction: Correction;
  readonly madeAtMs: InstantMs;
}

/** Books that can be copied and listed. */
export class AuthorityBooks implements BooksReader, CarryBooks {
  #accounts = new Map<AccountId, Account>();
  #accountsOf = new Map<BudgetId, Set<AccountId>>();
  #limits = new Map<BudgetId, Amount | null | undefined>();
  #reservations = new Map<ReservationId, Reservation>();
  #legs = new Map<string, Leg>();
  #open = new Map<string, Leg>();
  #entries = new Map<AccountId, LedgerEntry[]>();
  #adminEntries = new Map<string, LedgerEntry>();
  #leases = new Map<AccountId, Map<LeaseId, Lease>>();
  #corrections = new Map<string, KeptCorrection>();
  #limiters = new Map<LimiterId, LimiterState | undefined>();

  /** The same books, which change no more with these. */
  copy(): AuthorityBooks {
    const copy = new AuthorityBooks();
    copy.#accounts = new Map(this.#accounts);
    copy.#accountsOf = new Map([...this.#accountsOf].map(([id, ids]) => [id, new Set(ids)]));
    copy.#limits = new Map(this.#limits);
    copy.#reservations = new Map(this.#reservations);
    copy.#legs = new Map(this.#legs);
    copy.#open = new Map(this.#open);
    copy.#entries = new Map([...this.#entries].map(([id, entries]) => [id, [...entries]]));
    copy.#adminEntries = new Map(this.#adminEntries);
    copy.#leases = new Map([...this.#leases].map(([id, leases]) => [id, new Map(leases)]));
    copy.#corrections = new Map(this.#corrections);
    copy.#limiters = new Map(this.#limiters);
    return copy;
  }

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
    return this.#legs.get(`${account} ${reservation}`);
  }

  lease(account: AccountId, id: LeaseId): Lease | undefined {
    return this.#leases.get(account)?.get(id);
  }

  leases(account: AccountId): readonly Lease[] {
    const leases = [...(this.#leases.get(account)?.values() ?? [])];
    return leases.filter(({ state }) => state !== 'closed');
  }

  adminEntry(account: AccountId, kind: LedgerEntryKind, key: string): LedgerEntry | undefined {
    return this.#adminEntries.get(`${account} ${kind} ${key}`);
  }

  limiter(id: LimiterId): LimiterState | undefined {
    return this.#limiters.get(id);
  }

  /** Every account. */
  accounts(): Iterable<Account> {
    return this.#accounts.values();
  }

  /** Every lease, closed ones too. */
  *everyLease(): Iterable<Lease> {
    for (const leases of this.#leases.values()) yield* leases.values();
  }

  /** Every leg that is open. */
  openLegs(): Iterable<Leg> {
    return this.#open.values();
  }

  /** Entries of an account, oldest first. */
  entries(account: AccountId): readonly LedgerEntry[] {
    return this.#entries.get(account) ?? [];
  }

  entriesOf(account: AccountId): readonly LedgerEntry[] {
    return this.entries(account);
  }

  accountsOf(budget: BudgetId): readonly Account[] {
    const ids = this.#accountsOf.get(budget) ?? [];
    return [...ids].flatMap((id) => this.#accounts.get(id) ?? []);
  }

  openLegsOf(account: AccountId): readonly Leg[] {
    return [...this.#open.values()].filter((leg) => leg.account === account);
  }

  corrections(): Iterable<KeptCorrection> {
    return this.#corrections.values();
  }

  /** Forgets a correction, unless it says something else by now. */
  forget({ account, reservation, lease, state, spent }: Correction): void {
    const key = `${account} ${reservation} ${lease}`;
    const kept = this.#corrections.get(key)?.correction;
    if (kept?.state === state && kept.spent === spent) this.#corrections.delete(key);
  }

  /** Takes in what a command changed at `nowMs`. */
  post(changes: Changes, nowMs: InstantMs): void {
    const waiting = new Map(this.#corrections);
    for (const account of changes.accounts) this.#postAccount(account);
    for (const leg of changes.legs) this.#postLeg(leg);
    for (const entry of changes.entries) this.#postEntry(entry);
    for (const correction of changes.corrections) {
      const { account, reservation, lease } = correction;
      const key = `${account} ${reservation} ${lease}`;
      // The copy has not heard of the one that waits, and shows what it showed then.
      const { shown } = waiting.get(key)?.correction ?? correction;
      this.#corrections.set(key, { correction: { ...correction, shown }, madeAtMs: nowMs });
    }
    for (const lease of changes.leases) this.#postLease(lease);
    for (const { id, state } of changes.limiters ?? []) this.#limiters.set(id, state);
    const { reservation, limit } = changes;
    if (reservation !== undefined) this.#reservations.set(reservation.id, reservation);
    if (limit !== undefined) this.#limits.set(limit.budget, limit.limit);
  }

  #postAccount(account: Account): void {
    this.#accounts.set(account.id, account);
    const budget = budgetOf(account.id);
    const ids = this.#accountsOf.get(budget) ?? new Set<AccountId>();
    this.#accountsOf.set(budget, ids.add(account.id));
  }

  #postLeg(leg: Leg): void {
    const key = `${leg.account} ${leg.reservation}`;
    this.#legs.set(key, leg);
    if (leg.state === 'reserved') this.#open.set(key, leg);
    else this.#open.delete(key);
    // A correction says how its leg stands: a new state comes with a new one, or the copy shows it already.
    if (leg.lease !== DIRECT) this.#corrections.delete(`${key} ${leg.lease}`);
  }

  #postEntry(entry: LedgerEntry): void {
    const entries = this.#entries.get(entry.account);
    if (entries === undefined) this.#entries.set(entry.account, [entry]);
    else entries.push(entry);
    if (entry.reservation === null) {
      this.#adminEntries.set(`${entry.account} ${entry.kind} ${entry.key}`, entry);
    }
  }

  #postLease(lease: Lease): void {
    const leases = this.#leases.get(lease.account) ?? new Map<LeaseId, Lease>();
    this.#leases.set(lease.account, leases.set(lease.id, lease));
    if (lease.state !== 'closed') return;
    for (const [key, { correction }] of this.#corrections) {
      if (correction.account === lease.account && correction.lease === lease.id) {
        this.#corrections.delete(key);
      }
    }
  }
}
