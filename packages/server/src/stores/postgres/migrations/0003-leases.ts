/**
 * Leases: slices of accounts in the hands of tiers above, and what it takes to get them back safely.
 *
 * Each account's pseudo-lease `direct` stays a row among the leases, because every leg and entry names one;
 * it draws nothing, and a constraint keeps it that way.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // See Lease in @bursar/core. The defaults are those of `direct`, also for a process of the version before.
  await sql`
    alter table leases
      add column holder text collate "C" not null default '',
      add column ticket bigint not null default 0 check (ticket >= 0),
      add column drawn_nano_usd bigint not null default 0 check (drawn_nano_usd >= 0),
      add column returned_nano_usd bigint not null default 0 check (returned_nano_usd >= 0),
      add column settled_nano_usd bigint not null default 0 check (settled_nano_usd >= 0),
      add column state text not null default 'live' check (state in ('live', 'suspect', 'closed')),
      add column suspect_since timestamptz,
      add check (state <> 'suspect' or suspect_since is not null),
      add check (
        id <> 'direct'
        or (state = 'live' and drawn_nano_usd = 0 and returned_nano_usd = 0 and settled_nano_usd = 0)
      )`.execute(db);
  await sql`
    create index leases_not_closed on leases (account_id, id)
    where state <> 'closed' and id <> 'direct'`.execute(db);
  await sql`
    create index leases_live_by_holder on leases (holder, account_id, id)
    where state = 'live' and id <> 'direct'`.execute(db);
  await sql`
    create index leases_suspect_by_time on leases (suspect_since, account_id, id)
    where state = 'suspect'`.execute(db);

  // A reserve ends due legs of its accounts that are the authority's own; those on leases are not in its way.
  await sql`drop index open_legs_by_account`.execute(db);
  await sql`
    create index open_legs_by_account on legs (account_id, deadline_at, reservation_id)
    where state = 'reserved' and lease_id = 'direct'`.execute(db);
  await sql`
    create index open_legs_by_lease on legs (account_id, lease_id)
    where state = 'reserved' and lease_id <> 'direct'`.execute(db);

  // Which dataset each holder has now: the target of the compare-and-set of `begin`.
  await sql`
    create table holders (
      holder text collate "C" primary key,
      incarnation bigint not null check (incarnation > 0),
      lineage text not null,
      changed_at timestamptz not null
    )`.execute(db);

  // Processes that decide on copies, and how far back what each has not finished goes.
  await sql`
    create table workers (
      id text collate "C" primary key,
      holder text collate "C" not null,
      incarnation bigint not null check (incarnation >= 0),
      seen_at timestamptz not null,
      clean_since timestamptz not null
    )`.execute(db);
  await sql`create index workers_by_holder on workers (holder)`.execute(db);

  // How far each journal is in the ledger, and who brings it home.
  await sql`
    create table journals (
      holder text collate "C" not null,
      incarnation bigint not null,
      shard integer not null check (shard >= 0),
      position text not null,
      claimed_by text collate "C",
      claimed_until timestamptz,
      primary key (holder, incarnation, shard)
    )`.execute(db);

  // What copies have to be told. A row goes when its copy has been told, or when its lease is closed.
  await sql`
    create table corrections (
      account_id text collate "C" not null,
      reservation_id text collate "C" not null,
      lease_id text collate "C" not null,
      state text not null check (state in ('released', 'expired', 'settled')),
      spent_nano_usd bigint not null check (spent_nano_usd >= 0),
      made_at timestamptz not null,
      primary key (account_id, reservation_id, lease_id),
      foreign key (account_id, lease_id) references leases
    )`.execute(db);
  await sql`create index corrections_by_time on corrections (made_at)`.execute(db);
  await sql`create index corrections_by_lease on corrections (account_id, lease_id)`.execute(db);

  // Events that could not be taken in or contradict what is booked, for a person to look at.
  await sql`
    create table set_aside_events (
      id text collate "C" primary key,
      holder text collate "C" not null,
      reason text not null check (reason in ('malformed', 'refused', 'conflict')),
      message text not null,
      event text not null,
      at timestamptz not null,
      replayed_at timestamptz
    )`.execute(db);
}
