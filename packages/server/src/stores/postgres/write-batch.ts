/** Writing what a batch of commands changed: each row once, in its last state. */
import {
  type Account,
  type AccountId,
  type BudgetId,
  type Changes,
  type InstantMs,
  type Lease,
  type LedgerEntry,
  LegIndex,
  type LimiterChange,
  type LimiterId,
  newLease,
  type Reservation,
  type ReservationId,
  UNKNOWN_HOLDER,
} from '@bursar/core';
import { sql, type Transaction } from 'kysely';
import { booleans, integers, jsons, texts } from './array-params.ts';
import type { StoredRows } from './load-batch.ts';
import type { Database } from './schema.ts';
import { writeLimiters } from './limiters.ts';
import { PendingCorrections } from './write-corrections.ts';
import { writeRows } from './write-rows.ts';

/** What a transaction will write: the last state of each row, and every entry. */
export class PendingChanges {
  readonly #stored: StoredRows;
  readonly #accounts = new Map<AccountId, Account>();
  readonly #legs = new LegIndex();
  readonly #made = new Map<ReservationId, Reservation>();
  readonly #widened = new Map<ReservationId, Reservation>();
  readonly #limits = new Map<BudgetId, NonNullable<Changes['limit']>>();
  readonly #entries: LedgerEntry[] = [];
  readonly #leases = new Map<string, Lease>();
  readonly #limiters = new Map<LimiterId, LimiterChange>();
  readonly #corrections: PendingCorrections;

  /** `stored`: what the database has already. */
  constructor(stored: StoredRows) {
    this.#stored = stored;
    this.#corrections = new PendingCorrections(stored.reservations);
  }

  add(changes: Changes): void {
    const { accounts, legs, entries, leases, reservation, limit } = changes;
    for (const lease of leases) this.#leases.set(`${lease.account} ${lease.id}`, lease);
    this.#corrections.add(changes);
    for (const account of accounts) this.#accounts.set(account.id, account);
    for (const leg of legs) this.#legs.set(leg);
    this.#entries.push(...entries);
    for (const limiter of changes.limiters ?? []) this.#limiters.set(limiter.id, limiter);
    if (reservation !== undefined) {
      const isStored = this.#stored.reservations.has(reservation.id);
      (isStored ? this.#widened : this.#made).set(reservation.id, reservation);
    }
    if (limit !== undefined) this.#limits.set(limit.budget, limit);
  }

  /** Writes everything inside `transaction`, at `nowMs`. */
  async write(transaction: Transaction<Database>, nowMs: InstantMs): Promise<void> {
    if (this.#limits.size > 0) await writeLimits(transaction, [...this.#limits.values()]);
    if (this.#widened.size > 0) await widenReservations(transaction, [...this.#widened.values()]);
    const stored = this.#stored;
    const [summed, accounts] = partition(this.#accounts.values(), (account) =>
      hasOtherSums(account, stored.accounts.get(account.id)),
    );
    const opened = accounts.filter(({ id }) => !stored.accounts.has(id));
    const [summedLeases, leases] = partition(this.#leases.values(), (lease) =>
      hasOtherSum(lease, stored.leases.get(`${lease.account} ${lease.id}`)),
    );
    const [newLegs, legs] = partition(this.#legs.values(), ({ reservation }) =>
      this.#made.has(reservation),
    );
    await writeRows(transaction, {
      accounts,
      sums: { accounts: summed, leases: summedLeases },
      leases: [...opened.map(directLease), ...leases],
      reservations: [...this.#made.values()],
      newLegs,
      legs,
      entries: this.#entries,
    });
    await this.#corrections.write(transaction, nowMs);
    if (this.#limiters.size > 0) await writeLimiters(transaction, [...this.#limiters.values()]);
  }
}

/** The pseudo-lease that every account is opened with. */
function directLease({ id, lease }: Account): Lease {
  return newLease({ id: lease, account: id, holder: UNKNOWN_HOLDER });
}

/** Whether an account differs from how it was loaded in nothing but sums. */
function hasOtherSums(account: Account, before: Account | undefined): boolean {
  return (
    before !== undefined &&
    account.terms === before.terms &&
    account.limit === before.limit &&
    account.granted === before.granted
  );
}

/** Whether a lease differs from how it was loaded in nothing but what is booked under it. */
function hasOtherSum(lease: Lease, before: Lease | undefined): boolean {
  return (
    before !== undefined &&
    lease.holder === before.holder &&
    lease.drawn === before.drawn &&
    lease.returned === before.returned &&
    lease.state === before.state &&
    lease.suspectSinceMs === before.suspectSinceMs
  );
}

async function writeLimits(
  transaction: Transaction<Database>,
  limits: readonly NonNullable<Changes['limit']>[],
): Promise<void> {
  await sql`
    update budgets set is_default = new.is_default, limit_nano_usd = new.limit_nano_usd
    from unnest(
      ${texts(limits.map(({ budget }) => budget))}::text[],
      ${booleans(limits.map(({ limit }) => limit === undefined))}::boolean[],
      ${integers(limits.map(({ limit }) => limit ?? null))}::bigint[]
    ) as new (id, is_default, limit_nano_usd)
    where budgets.id = new.id`.execute(transaction);
}

/**
 * Reports of other tiers come leg by leg; several may widen one reservation at once, so the union is the
 * database's. Terms that were lost are those of the first report that knows them.
 */
async function widenReservations(
  transaction: Transaction<Database>,
  reservations: readonly Reservation[],
): Promise<void> {
  await sql`
    update reservations set account_ids = (
      select array_agg(distinct id order by id)
      from unnest(reservations.account_ids || string_to_array(new.account_ids, ' ')) as ids (id)
    ),
    terms = case reservations.terms when 'null' then new.terms else reservations.terms end
    from unnest(
      ${texts(reservations.map(({ id }) => id))}::text[],
      ${texts(reservations.map(({ accounts }) => accounts.join(' ')))}::text[],
      ${jsons(reservations.map(({ terms }) => JSON.stringify(terms)))}::jsonb[]
    ) as new (id, account_ids, terms)
    where reservations.id = new.id`.execute(transaction);
}

/** Those that are `chosen`, and the others. */
function partition<Item>(
  items: Iterable<Item>,
  chosen: (item: Item) => boolean,
): readonly [chosen: Item[], others: Item[]] {
  const [found, others]: [Item[], Item[]] = [[], []];
  for (const item of items) (chosen(item) ? found : others).push(item);
  return [found, others];
}
