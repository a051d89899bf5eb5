/**
 * Accounts, reservations and the ledger.
 *
 * Amounts are `bigint` nano-USD, instants `timestamptz`, ids compare byte by byte. Constraints are the second line of defence: a bug
 * that would make a sum negative, lose a lease or book an entry twice is refused by the database.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // A limit over a period on a scope. The row exists from the first touch on, so that opening an account
  // and setting the limit can wait for each other; `is_default` says that nobody set a limit yet.
  await sql`
    create table budgets (
      id text collate "C" primary key,
      is_default boolean not null,
      limit_nano_usd bigint check (limit_nano_usd >= 0),
      check (not is_default or limit_nano_usd is null)
    )`.execute(db);

  // One budget in one period. See Account in @bursar/core for the meaning of each column.
  await sql`
    create table accounts (
      id text collate "C" primary key,
      budget_id text collate "C" not null references budgets,
      lease_id text collate "C" not null,
      start_at timestamptz not null,
      end_at timestamptz not null,
      limit_nano_usd bigint check (limit_nano_usd >= 0),
      granted_nano_usd bigint not null check (granted_nano_usd >= 0),
      settled_nano_usd bigint not null check (settled_nano_usd >= 0),
      reserved_nano_usd bigint not null check (reserved_nano_usd >= 0),
      leased_nano_usd bigint not null check (leased_nano_usd >= 0),
      sequence bigint not null check (sequence >= 0)
    )`.execute(db);
  await sql`create index accounts_by_budget on accounts (budget_id)`.execute(db);

  // The rights under which money is spent. Each account has the pseudo-lease "direct"; leases of tiers
  // above will be further rows. Every leg and entry names one, and it must exist.
  await sql`
    create table leases (
      account_id text collate "C" not null references accounts,
      id text collate "C" not null,
      primary key (account_id, id)
    )`.execute(db);

  // What a caller set aside, under the caller's id. Written once.
  await sql`
    create table reservations (
      id text collate "C" primary key,
      fingerprint text not null,
      account_ids text[] not null check (cardinality(account_ids) between 1 and 16),
      terms jsonb not null,
      created_at timestamptz not null
    )`.execute(db);

  // The part of a reservation on one account: open, or how it ended (the join by rank).
  await sql`
    create table legs (
      reservation_id text collate "C" not null references reservations,
      account_id text collate "C" not null,
      lease_id text collate "C" not null,
      state text not null check (state in ('reserved', 'released', 'expired', 'settled')),
      amount_nano_usd bigint not null check (amount_nano_usd >= 0),
      spent_nano_usd bigint not null check (spent_nano_usd >= 0),
      deadline_at timestamptz not null,
      dispatched boolean not null,
      primary key (reservation_id, account_id),
      foreign key (account_id, lease_id) references leases
    )`.execute(db);
  await sql`
    create index open_legs_by_deadline on legs (deadline_at, reservation_id)
    where state = 'reserved'`.execute(db);
  await sql`
    create index open_legs_by_account on legs (account_id, deadline_at, reservation_id)
    where state = 'reserved'`.execute(db);

  // Append-only, signed. A correction is a new row.
  await sql`
    create table ledger_entries (
      account_id text collate "C" not null,
      sequence bigint not null check (sequence > 0),
      kind text not null check (kind in ('settle', 'release', 'expire', 'grant', 'adjust', 'limit')),
      reservation_id text collate "C" references reservations,
      key text not null,
      lease_id text collate "C" not null,
      amount_nano_usd bigint not null,
      limit_nano_usd bigint,
      at timestamptz not null,
      detail jsonb not null,
      primary key (account_id, sequence),
      foreign key (account_id, lease_id) references leases
    )`.execute(db);
  await sql`
    create unique index ledger_entries_once
    on ledger_entries (account_id, coalesce(reservation_id, ''), kind, key)`.execute(db);
  await sql`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'ledger_entries is append-only';
    end $$`.execute(db);
  await sql`
    create trigger ledger_entries_append_only before update or delete on ledger_entries
    for each row execute function refuse_change()`.execute(db);
}
