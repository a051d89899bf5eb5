/**
 * Which suspect leases nobody can still spend (docs/decisions/0012), and which live ones may have lost their copy.
 *
 * Found without locks, and asked again under the locks of the accounts before one is closed: only what is
 * open on a lease can change meanwhile, and that happens under those locks.
 */
import {
  type AccountId,
  accountParts,
  type Authority,
  type DurationMs,
  type LeaseId,
  type Lend,
  type OverdueLease,
} from '@bursar/core';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { instantOf } from './rows.ts';
import type { Database } from './schema.ts';

/** When a suspect lease may be closed. */
export interface SuspectRules {
  readonly quarantineMs: DurationMs;
  readonly deadAfterMs: DurationMs;
  readonly now: RawBuilder<Date>;
  /**
   * Since when the server has been up. While it was down no worker could attest, and none could bring home
   * what it knows: neither quarantine nor silence counts from before.
   */
  readonly upSince: RawBuilder<Date>;
}

/** As the server itself says. */
export const SERVER_START: RawBuilder<Date> = sql<Date>`pg_postmaster_start_time()`;
/** For tests, whose time is not the server's. */
export const ALWAYS_UP: RawBuilder<Date> = sql<Date>`'-infinity'::timestamptz`;

/** A command that closes a lease. */
export type CloseLease = Extract<Lend, { kind: 'closeLease' }>;

/** Commands for at most `limit` leases that may be closed now, those suspect the longest first. */
export async function findClosable(
  db: Kysely<Database>,
  rules: SuspectRules,
  limit: number,
): Promise<readonly CloseLease[]> {
  const { rows } = await sql<FoundLease>`
    select leases.account_id, leases.id, accounts.start_at, accounts.end_at
    from leases join accounts on accounts.id = leases.account_id
    where ${isClosable(rules)}
    order by leases.suspect_since, leases.account_id, leases.id
    limit ${limit}`.execute(db);
  return rows.map((row) => ({ kind: 'closeLease', ...foundLease(row) }));
}

/**
 * Live leases of `holder` with a call that is long overdue; see `Authority.overdue`. It is asked every few seconds and
 * nearly always in vain, so it begins with the open legs by their deadline, which are few, and looks up the rest one
 * by one: left to choose, PostgreSQL went through all legs that there ever were.
 */
export async function findOverdue(
  db: Kysely<Database>,
  {
    holder,
    overMs,
    limit,
    now,
  }: Parameters<Authority['overdue']>[0] & { readonly now: RawBuilder<Date> },
): Promise<readonly OverdueLease[]> {
  const { rows } = await sql<FoundLease>`
    with overdue as materialized (
      select distinct account_id, lease_id from legs
      where state = 'reserved' and lease_id <> 'direct'
        and deadline_at <= (select ${now} - ${overMs}::float8 * interval '1 millisecond')
    )
    select lease.account_id, lease.id, account.start_at, account.end_at
    from overdue
    cross join lateral (
      select account_id, id from leases
      where account_id = overdue.account_id and id = overdue.lease_id
        and state = 'live' and holder = ${holder}
      offset 0
    ) as lease
    cross join lateral (
      select start_at, end_at from accounts where id = lease.account_id offset 0
    ) as account
    limit ${limit}`.execute(db);
  return rows.map(foundLease);
}

interface FoundLease {
  readonly account_id: string;
  readonly id: string;
  readonly start_at: Date;
  readonly end_at: Date;
}

function foundLease(row: FoundLease): OverdueLease {
  const account = row.account_id as AccountId;
  const period = {
    id: accountParts(account).period,
    startAtMs: instantOf(row.start_at),
    endAtMs: instantOf(row.end_at),
  };
  return { lease: row.id as LeaseId, leg: { account, period } };
}

/** Those of `commands` whose lease may be closed now. */
export async function stillClosable(
  db: Kysely<Database>,
  commands: readonly CloseLease[],
  rules: SuspectRules,
): Promise<readonly CloseLease[]> {
  const { rows } = await sql<{ account_id: string; id: string }>`
    select leases.account_id, leases.id
    from leases join unnest(
      ${commands.map(({ leg }) => leg.account)}::text[],
      ${commands.map(({ lease }) => lease)}::text[]
    ) as named (account_id, id) on leases.account_id = named.account_id and leases.id = named.id
    where ${isClosable(rules)}`.execute(db);
  const closable = new Set(rows.map((row) => `${row.account_id} ${row.id}`));
  return commands.filter(({ leg, lease }) => closable.has(`${leg.account} ${lease}`));
}

/** Forgets workers that have been silent for a day, and for longer than any of them could come back. */
export async function forgetSilentWorkers(
  db: Kysely<Database>,
  { deadAfterMs, now }: SuspectRules,
): Promise<void> {
  await sql`
    delete from workers
    where seen_at <= ${now} - greatest(interval '1 day', ${milliseconds(deadAfterMs)})`.execute(db);
}

function isClosable({ quarantineMs, deadAfterMs, now, upSince }: SuspectRules) {
  return sql`
    leases.state = 'suspect'
    and greatest(leases.suspect_since, ${upSince}) <= ${now} - ${milliseconds(quarantineMs)}
    and not exists (
      select from workers
      where workers.holder = leases.holder
        -- Carries a call from before, or still decides on the data that the holder had before.
        and (
          workers.clean_since <= leases.suspect_since
          or (
            workers.incarnation > 0
            and workers.incarnation < (
              select holders.incarnation from holders where holders.holder = leases.holder
            )
          )
        )
        and greatest(workers.seen_at, ${upSince}) > ${now} - ${milliseconds(deadAfterMs)}
    )
    and not exists (
      select from legs
      where legs.account_id = leases.account_id
        and legs.lease_id = leases.id
        and legs.lease_id <> 'direct'
        and legs.state = 'reserved'
    )`;
}

function milliseconds(length: DurationMs) {
  return sql`${length}::float8 * interval '1 millisecond'`;
}
