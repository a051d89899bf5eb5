/**
 * Writing what a batch of commands changed: each row once, in one statement.
 *
 * Arrays instead of many VALUES keep the number of parameters, and so the plan, the same for every size.
 */
import {
  type Account,
  type AccountId,
  type BudgetId,
  budgetOf,
  type Changes,
  type InstantMs,
  type Lease,
  type LedgerEntry,
  type Leg,
  type LimiterChange,
  type LimiterId,
  newLease,
  type Reservation,
  type ReservationId,
  UNKNOWN_HOLDER,
} from '@bursar/core';
import { sql, type Transaction } from 'kysely';
import type { StoredRows } from './load-batch.ts';
import type { Database } from './schema.ts';
import { writeLimiters } from './limiters.ts';
import { PendingCorrections } from './write-corrections.ts';

/** What a transaction will write: the last state of each row, and every entry. */
export class PendingChanges {
  readonly #stored: StoredRows;
  readonly #accounts = new Map<AccountId, Account>();
  readonly #legs = new Map<string, Leg>();
  readonly #made = new Map<ReservationId, Reservation>();
  readonly #widened = new Map<ReservationId, Reservation>();
  readonly #limits = new Map<BudgetId, NonNullable<Changes['limit']>>();
  readonly #entries: LedgerEntry[] = [];
  readonly #leases = new Map<string, Lease>();
  readonly #limiters = new Map<LimiterId, LimiterChange>();
  readonly #corrections = new PendingCorrections();

  /** `stored`: what the database has already. */
  constructor(stored: StoredRows) {
    this.#stored = stored;
  }

  add(changes: Changes): void {
    const { accounts, legs, entries, leases, reservation, limit } = changes;
    for (const lease of leases) this.#leases.set(`${lease.account} ${lease.id}`, lease);
    this.#corrections.add(changes);
    for (const account of accounts) this.#accounts.set(account.id, account);
    for (const leg of legs) this.#legs.set(`${leg.account} ${leg.reservation}`, leg);
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
    const accounts = [...this.#accounts.values()];
    const opened = accounts.filter(({ id }) => !this.#stored.accounts.has(id));
    const rows: Rows = {
      accounts,
      leases: [...opened.map(directLease), ...this.#leases.values()],
      legs: [...this.#legs.values()],
      reservations: [...this.#made.values()],
      entries: this.#entries,
    };
    if (Object.values(rows).some(({ length }) => length > 0)) await writeRows(transaction, rows);
    await this.#corrections.write(transaction, nowMs);
    if (this.#limiters.size > 0) await writeLimiters(transaction, [...this.#limiters.values()]);
  }
}

/** The pseudo-lease that every account is opened with. */
function directLease({ id, lease }: Account): Lease {
  return newLease({ id: lease, account: id, holder: UNKNOWN_HOLDER });
}

interface Rows {
  readonly accounts: readonly Account[];
  /** Leases that changed, and the pseudo-leases of new accounts. */
  readonly leases: readonly Lease[];
  readonly legs: readonly Leg[];
  /** New reservations. Inserted, never merged: if another process made one with this id, the batch fails. */
  readonly reservations: readonly Reservation[];
  readonly entries: readonly LedgerEntry[];
}

async function writeLimits(
  transaction: Transaction<Database>,
  limits: readonly NonNullable<Changes['limit']>[],
): Promise<void> {
  await sql`
    update budgets set is_default = new.is_default, limit_nano_usd = new.limit_nano_usd
    from unnest(
      ${limits.map(({ budget }) => budget)}::text[],
      ${limits.map(({ limit }) => limit === undefined)}::boolean[],
      ${limits.map(({ limit }) => decimal(limit ?? null))}::bigint[]
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
      ${reservations.map(({ id }) => id)}::text[],
      ${reservations.map(({ accounts }) => accounts.join(' '))}::text[],
      ${reservations.map(({ terms }) => JSON.stringify(terms))}::jsonb[]
    ) as new (id, account_ids, terms)
    where reservations.id = new.id`.execute(transaction);
}

/** One statement for all tables. */
async function writeRows(
  transaction: Transaction<Database>,
  { accounts, leases, legs, reservations, entries }: Rows,
): Promise<void> {
  await sql`
    with written_accounts as (
      insert into accounts (
        id, budget_id, lease_id, start_at, end_at, limit_nano_usd, granted_nano_usd,
        settled_nano_usd, reserved_nano_usd, leased_nano_usd, sequence,
        terms_limit_nano_usd, terms_granted_nano_usd, terms_enforced, terms_version, terms_since
      )
      select * from unnest(
        ${accounts.map(({ id }) => id)}::text[],
        ${accounts.map(({ id }) => budgetOf(id))}::text[],
        ${accounts.map(({ lease }) => lease)}::text[],
        ${accounts.map(({ startAtMs }) => iso(startAtMs))}::timestamptz[],
        ${accounts.map(({ endAtMs }) => iso(endAtMs))}::timestamptz[],
        ${accounts.map(({ limit }) => decimal(limit))}::bigint[],
        ${accounts.map(({ granted }) => decimal(granted))}::bigint[],
        ${accounts.map(({ settled }) => decimal(settled))}::bigint[],
        ${accounts.map(({ reserved }) => decimal(reserved))}::bigint[],
        ${accounts.map(({ leased }) => decimal(leased))}::bigint[],
        ${accounts.map(({ sequence }) => decimal(sequence))}::bigint[],
        ${accounts.map(({ terms }) => decimal(terms?.limit ?? null))}::bigint[],
        ${accounts.map(({ terms }) => decimal(terms?.granted ?? null))}::bigint[],
        ${accounts.map(({ terms }) => terms?.isEnforced ?? null)}::boolean[],
        ${accounts.map(({ terms }) => decimal(terms?.version ?? null))}::bigint[],
        ${accounts.map(({ terms }) => (terms === undefined ? null : iso(terms.sinceMs)))}::timestamptz[]
      )
      on conflict (id) do update set
        limit_nano_usd = excluded.limit_nano_usd,
        granted_nano_usd = excluded.granted_nano_usd,
        settled_nano_usd = excluded.settled_nano_usd,
        reserved_nano_usd = excluded.reserved_nano_usd,
        leased_nano_usd = excluded.leased_nano_usd,
        sequence = excluded.sequence,
        terms_limit_nano_usd = excluded.terms_limit_nano_usd,
        terms_granted_nano_usd = excluded.terms_granted_nano_usd,
        terms_enforced = excluded.terms_enforced,
        terms_version = excluded.terms_version,
        terms_since = excluded.terms_since
    ), written_leases as (
      insert into leases (
        account_id, id, holder, ticket, drawn_nano_usd, returned_nano_usd, settled_nano_usd,
        state, suspect_since
      )
      select * from unnest(
        ${leases.map(({ account }) => account)}::text[],
        ${leases.map(({ id }) => id)}::text[],
        ${leases.map(({ holder }) => holder)}::text[],
        ${leases.map(({ ticket }) => decimal(ticket))}::bigint[],
        ${leases.map(({ drawn }) => decimal(drawn))}::bigint[],
        ${leases.map(({ returned }) => decimal(returned))}::bigint[],
        ${leases.map(({ settled }) => decimal(settled))}::bigint[],
        ${leases.map(({ state }) => state)}::text[],
        ${leases.map(({ suspectSinceMs }) => (suspectSinceMs === null ? null : iso(suspectSinceMs)))}::timestamptz[]
      )
      on conflict (account_id, id) do update set
        holder = excluded.holder,
        drawn_nano_usd = excluded.drawn_nano_usd,
        returned_nano_usd = excluded.returned_nano_usd,
        settled_nano_usd = excluded.settled_nano_usd,
        state = excluded.state,
        suspect_since = excluded.suspect_since
    ), written_reservations as (
      insert into reservations (id, fingerprint, account_ids, terms, created_at, rates)
      select id, fingerprint, string_to_array(account_ids, ' '), terms, created_at, rates
      from unnest(
        ${reservations.map(({ id }) => id)}::text[],
        ${reservations.map(({ fingerprint }) => fingerprint)}::text[],
        ${reservations.map(({ accounts }) => accounts.join(' '))}::text[],
        ${reservations.map(({ terms }) => JSON.stringify(terms))}::jsonb[],
        ${reservations.map(({ createdAtMs }) => iso(createdAtMs))}::timestamptz[],
        ${reservations.map(({ rates }) => (rates === undefined ? null : JSON.stringify(rates)))}::jsonb[]
      ) as new (id, fingerprint, account_ids, terms, created_at, rates)
    ), written_legs as (
      insert into legs (
        reservation_id, account_id, lease_id, state, amount_nano_usd, spent_nano_usd, deadline_at, dispatched
      )
      select * from unnest(
        ${legs.map(({ reservation }) => reservation)}::text[],
        ${legs.map(({ account }) => account)}::text[],
        ${legs.map(({ lease }) => lease)}::text[],
        ${legs.map(({ state }) => state)}::text[],
        ${legs.map(({ amount }) => decimal(amount))}::bigint[],
        ${legs.map(({ spent }) => decimal(spent))}::bigint[],
        ${legs.map(({ deadlineAtMs }) => iso(deadlineAtMs))}::timestamptz[],
        ${legs.map(({ dispatched }) => dispatched)}::boolean[]
      )
      on conflict (reservation_id, account_id) do update set
        state = excluded.state,
        amount_nano_usd = excluded.amount_nano_usd,
        spent_nano_usd = excluded.spent_nano_usd,
        deadline_at = excluded.deadline_at,
        dispatched = excluded.dispatched
    )
    insert into ledger_entries (
      account_id, sequence, kind, reservation_id, key, lease_id,
      amount_nano_usd, limit_nano_usd, at, detail
    )
    select * from unnest(
      ${entries.map(({ account }) => account)}::text[],
      ${entries.map(({ sequence }) => decimal(sequence))}::bigint[],
      ${entries.map(({ kind }) => kind)}::text[],
      ${entries.map(({ reservation }) => reservation)}::text[],
      ${entries.map(({ key }) => key)}::text[],
      ${entries.map(({ lease }) => lease)}::text[],
      ${entries.map(({ amount }) => decimal(amount))}::bigint[],
      ${entries.map(({ limit }) => decimal(limit ?? null))}::bigint[],
      ${entries.map(({ atMs }) => iso(atMs))}::timestamptz[],
      ${entries.map(({ detail }) => JSON.stringify(detail))}::jsonb[]
    )`.execute(transaction);
}

/** Integers cross to the database as decimal strings, never through a float's formatting. */
function decimal(value: number | null): string | null {
  return value === null ? null : BigInt(value).toString();
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
