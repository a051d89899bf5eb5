/**
 * Writing the rows of a batch: all of its tables in one statement.
 *
 * Arrays instead of many VALUES keep the number of parameters, and so the plan, the same for every size. What was
 * loaded under a lock and is only added up is updated, by the columns that change; what may be there or not is
 * merged, and what cannot be there is inserted: a merge looks for each row first. An array in a `select` of its own keeps
 * its length from the planner, which would rather read all of a table than look for a thousand rows in an index.
 */
import {
  type Account,
  budgetOf,
  type Lease,
  type LedgerEntry,
  type Leg,
  type Reservation,
} from '@bursar/core';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { booleans, instants, integers, jsons, texts } from './array-params.ts';
import type { Database } from './schema.ts';

/** What a batch writes; no row twice. */
export interface Rows {
  /** New ones, and those of which more than the sums changed. */
  readonly accounts: readonly Account[];
  /** Accounts and leases that were loaded and locked, and of which nothing but sums changed. */
  readonly sums: { readonly accounts: readonly Account[]; readonly leases: readonly Lease[] };
  /** The other leases that changed, and the pseudo-leases of new accounts. */
  readonly leases: readonly Lease[];
  /** New reservations. Inserted, never merged: if another process made one with this id, the batch fails. */
  readonly reservations: readonly Reservation[];
  /** Legs of new reservations, inserted with them. */
  readonly newLegs: readonly Leg[];
  readonly legs: readonly Leg[];
  readonly entries: readonly LedgerEntry[];
}

/** Writes `rows`. No round trip when there are none. */
export async function writeRows(transaction: Transaction<Database>, rows: Rows): Promise<void> {
  const { accounts, sums, leases, reservations, newLegs, legs, entries } = rows;
  const parts: RawBuilder<unknown>[] = [];
  if (accounts.length > 0) parts.push(mergeAccounts(accounts));
  if (sums.accounts.length > 0) parts.push(updateAccounts(sums.accounts));
  if (leases.length > 0) parts.push(mergeLeases(leases));
  if (sums.leases.length > 0) parts.push(updateLeases(sums.leases));
  if (reservations.length > 0) parts.push(insertReservations(reservations));
  if (newLegs.length > 0) parts.push(insertLegs(newLegs));
  if (legs.length > 0) parts.push(mergeLegs(legs));
  if (entries.length > 0) parts.push(insertEntries(entries));
  if (parts.length === 0) return;
  const named = parts.map((part, index) => sql`${sql.ref(`part_${index}`)} as (${part})`);
  await sql`with ${sql.join(named)} select`.execute(transaction);
}

function mergeAccounts(accounts: readonly Account[]): RawBuilder<unknown> {
  return sql`
    insert into accounts (
      id, budget_id, lease_id, start_at, end_at, limit_nano_usd, granted_nano_usd,
      settled_nano_usd, reserved_nano_usd, leased_nano_usd, sequence,
      terms_limit_nano_usd, terms_granted_nano_usd, terms_enforced, terms_version, terms_since
    )
    select * from unnest(
      ${texts(accounts.map(({ id }) => id))}::text[],
      ${texts(accounts.map(({ id }) => budgetOf(id)))}::text[],
      ${texts(accounts.map(({ lease }) => lease))}::text[],
      ${instants(accounts.map(({ startAtMs }) => startAtMs))}::timestamptz[],
      ${instants(accounts.map(({ endAtMs }) => endAtMs))}::timestamptz[],
      ${integers(accounts.map(({ limit }) => limit))}::bigint[],
      ${integers(accounts.map(({ granted }) => granted))}::bigint[],
      ${integers(accounts.map(({ settled }) => settled))}::bigint[],
      ${integers(accounts.map(({ reserved }) => reserved))}::bigint[],
      ${integers(accounts.map(({ leased }) => leased))}::bigint[],
      ${integers(accounts.map(({ sequence }) => sequence))}::bigint[],
      ${integers(accounts.map(({ terms }) => terms?.limit ?? null))}::bigint[],
      ${integers(accounts.map(({ terms }) => terms?.granted ?? null))}::bigint[],
      ${booleans(accounts.map(({ terms }) => terms?.isEnforced ?? null))}::boolean[],
      ${integers(accounts.map(({ terms }) => terms?.version ?? null))}::bigint[],
      ${instants(accounts.map(({ terms }) => terms?.sinceMs ?? null))}::timestamptz[]
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
      terms_since = excluded.terms_since`;
}

function updateAccounts(accounts: readonly Account[]): RawBuilder<unknown> {
  return sql`
    update accounts set
      settled_nano_usd = new.settled,
      reserved_nano_usd = new.reserved,
      leased_nano_usd = new.leased,
      sequence = new.sequence
    from unnest(
      (select ${texts(accounts.map(({ id }) => id))}::text[]),
      (select ${integers(accounts.map(({ settled }) => settled))}::bigint[]),
      (select ${integers(accounts.map(({ reserved }) => reserved))}::bigint[]),
      (select ${integers(accounts.map(({ leased }) => leased))}::bigint[]),
      (select ${integers(accounts.map(({ sequence }) => sequence))}::bigint[])
    ) as new (id, settled, reserved, leased, sequence)
    where accounts.id = new.id`;
}

function mergeLeases(leases: readonly Lease[]): RawBuilder<unknown> {
  return sql`
    insert into leases (
      account_id, id, holder, ticket, drawn_nano_usd, returned_nano_usd, settled_nano_usd,
      state, suspect_since
    )
    select * from unnest(
      ${texts(leases.map(({ account }) => account))}::text[],
      ${texts(leases.map(({ id }) => id))}::text[],
      ${texts(leases.map(({ holder }) => holder))}::text[],
      ${integers(leases.map(({ ticket }) => ticket))}::bigint[],
      ${integers(leases.map(({ drawn }) => drawn))}::bigint[],
      ${integers(leases.map(({ returned }) => returned))}::bigint[],
      ${integers(leases.map(({ settled }) => settled))}::bigint[],
      ${texts(leases.map(({ state }) => state))}::text[],
      ${instants(leases.map(({ suspectSinceMs }) => suspectSinceMs))}::timestamptz[]
    )
    on conflict (account_id, id) do update set
      holder = excluded.holder,
      drawn_nano_usd = excluded.drawn_nano_usd,
      returned_nano_usd = excluded.returned_nano_usd,
      settled_nano_usd = excluded.settled_nano_usd,
      state = excluded.state,
      suspect_since = excluded.suspect_since`;
}

function updateLeases(leases: readonly Lease[]): RawBuilder<unknown> {
  return sql`
    update leases set settled_nano_usd = new.settled
    from unnest(
      (select ${texts(leases.map(({ account }) => account))}::text[]),
      (select ${texts(leases.map(({ id }) => id))}::text[]),
      (select ${integers(leases.map(({ settled }) => settled))}::bigint[])
    ) as new (account_id, id, settled)
    where leases.account_id = new.account_id and leases.id = new.id`;
}

function insertReservations(reservations: readonly Reservation[]): RawBuilder<unknown> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return sql`
    insert into reservations (id, fingerprint, account_ids, terms, created_at, rates)
    select id, fingerprint, string_to_array(account_ids, ' '), terms, created_at, rates
    from unnest(
      ${texts(reservations.map(({ id }) => id))}::text[],
      ${texts(reservations.map(({ fingerprint }) => fingerprint))}::text[],
      ${texts(reservations.map(({ accounts }) => accounts.join(' ')))}::text[],
      ${jsons(reservations.map(({ terms }) => JSON.stringify(terms)))}::jsonb[],
      ${instants(reservations.map(({ createdAtMs }) => createdAtMs))}::timestamptz[],
      ${jsons(reservations.map(({ rates }) => json(rates)))}::jsonb[]
    ) as new (id, fingerprint, account_ids, terms, created_at, rates)`;
}

function insertLegs(legs: readonly Leg[]): RawBuilder<unknown> {
  return sql`
    insert into legs (
      reservation_id, account_id, lease_id, state, amount_nano_usd, spent_nano_usd, deadline_at, dispatched
    )
    select * from unnest(
      ${texts(legs.map(({ reservation }) => reservation))}::text[],
      ${texts(legs.map(({ account }) => account))}::text[],
      ${texts(legs.map(({ lease }) => lease))}::text[],
      ${texts(legs.map(({ state }) => state))}::text[],
      ${integers(legs.map(({ amount }) => amount))}::bigint[],
      ${integers(legs.map(({ spent }) => spent))}::bigint[],
      ${instants(legs.map(({ deadlineAtMs }) => deadlineAtMs))}::timestamptz[],
      ${booleans(legs.map(({ dispatched }) => dispatched))}::boolean[]
    )`;
}

function mergeLegs(legs: readonly Leg[]): RawBuilder<unknown> {
  return sql`${insertLegs(legs)}
    on conflict (reservation_id, account_id) do update set
      state = excluded.state,
      amount_nano_usd = excluded.amount_nano_usd,
      spent_nano_usd = excluded.spent_nano_usd,
      deadline_at = excluded.deadline_at,
      dispatched = excluded.dispatched`;
}

function insertEntries(entries: readonly LedgerEntry[]): RawBuilder<unknown> {
  return sql`
    insert into ledger_entries (
      account_id, sequence, kind, reservation_id, key, lease_id,
      amount_nano_usd, limit_nano_usd, at, detail
    )
    select * from unnest(
      ${texts(entries.map(({ account }) => account))}::text[],
      ${integers(entries.map(({ sequence }) => sequence))}::bigint[],
      ${texts(entries.map(({ kind }) => kind))}::text[],
      ${texts(entries.map(({ reservation }) => reservation))}::text[],
      ${texts(entries.map(({ key }) => key))}::text[],
      ${texts(entries.map(({ lease }) => lease))}::text[],
      ${integers(entries.map(({ amount }) => amount))}::bigint[],
      ${integers(entries.map(({ limit }) => limit ?? null))}::bigint[],
      ${instants(entries.map(({ atMs }) => atMs))}::timestamptz[],
      ${jsons(entries.map(({ detail }) => JSON.stringify(detail)))}::jsonb[]
    )`;
}
