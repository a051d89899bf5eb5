/**
 * Leases in the hands of processes: those of processes that are gone, and those that another process would
 * like to have back (docs/decisions/0013).
 */
import type { AccountId, AskedBack, DurationMs, HolderId } from '@bursar/core';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { instantOf } from './rows.ts';
import type { Database } from './schema.ts';

/** Every holder that is a process; see `isProcessHolder`. */
const PROCESSES = 'process:%';

/** When a process counts as gone. */
export interface SilenceRules {
  readonly deadAfterMs: DurationMs;
  readonly now: RawBuilder<Date>;
  /** Since when the server has been up: no silence counts from before. */
  readonly upSince: RawBuilder<Date>;
}

/** Makes the live leases of silent processes suspect, and returns how many. Locks leases in the order of their ids. */
export async function suspectSilent(
  transaction: Transaction<Database>,
  { deadAfterMs, now, upSince }: SilenceRules,
): Promise<number> {
  const since = sql`${now} - ${deadAfterMs}::float8 * interval '1 millisecond'`;
  const { rows } = await sql`
    with silent as (
      select account_id, id from leases
      where state = 'live' and id <> 'direct' and holder like ${PROCESSES}
        and not exists (
          select from workers
          where workers.holder = leases.holder and greatest(workers.seen_at, ${upSince}) > ${since}
        )
        and not exists (
          select from holders
          where holders.holder = leases.holder
            and greatest(holders.changed_at, ${upSince}) > ${since}
        )
      order by account_id, id
      for no key update
    )
    update leases set state = 'suspect', suspect_since = ${now}
    from silent
    where leases.account_id = silent.account_id and leases.id = silent.id
    returning 1`.execute(transaction);
  return rows.length;
}

/** Forgets processes that hold nothing any more, and their journals. */
export async function forgetGoneProcesses(
  transaction: Transaction<Database>,
  { deadAfterMs, now }: SilenceRules,
): Promise<void> {
  const since = sql`${now} - ${deadAfterMs}::float8 * interval '1 millisecond'`;
  await sql`
    with gone as (
      delete from holders
      where holder like ${PROCESSES} and changed_at <= ${since}
        and not exists (select from workers where workers.holder = holders.holder)
        and not exists (
          select from leases
          where leases.holder = holders.holder and leases.state <> 'closed' and leases.id <> 'direct'
        )
      returning holder
    )
    delete from journals using gone where journals.holder = gone.holder`.execute(transaction);
}

/** Asks other processes to give back what they hold unspent of `account`; returns how many leases that concerns. */
export async function askBack(
  db: Kysely<Database>,
  account: AccountId,
  asking: HolderId,
  now: RawBuilder<Date>,
): Promise<number> {
  const { rows } = await sql`
    with unspent as (
      select account_id, id from leases
      where account_id = ${account} and state = 'live' and id <> 'direct'
        and holder like ${PROCESSES} and holder <> ${asking}
        and drawn_nano_usd - returned_nano_usd > settled_nano_usd
      order by id
      for no key update
    )
    update leases set asked_back_at = date_trunc('milliseconds', ${now})
    from unspent
    where leases.account_id = unspent.account_id and leases.id = unspent.id
    returning 1`.execute(db);
  return rows.length;
}

/** How many leases of `account` others than `asking` have been asked for and have not answered yet. */
export async function stillAsked(
  db: Kysely<Database>,
  account: AccountId,
  asking: HolderId,
): Promise<number> {
  const { rows } = await sql`
    select from leases
    where account_id = ${account} and holder <> ${asking}
      and state = 'live' and asked_back_at is not null`.execute(db);
  return rows.length;
}

/** What `holder` has been asked to give back. */
export async function askedBack(
  db: Kysely<Database>,
  holder: HolderId,
): Promise<readonly AskedBack[]> {
  const { rows } = await sql<{ account_id: string; asked_back_at: Date }>`
    select account_id, asked_back_at from leases
    where holder = ${holder} and state = 'live' and asked_back_at is not null
    order by account_id, id`.execute(db);
  return rows.map((row) => ({
    account: row.account_id as AccountId,
    atMs: instantOf(row.asked_back_at),
  }));
}

/** `holder` has given back what it could. */
export async function answerAskedBack(
  db: Kysely<Database>,
  holder: HolderId,
  asked: readonly AskedBack[],
): Promise<void> {
  await sql`
    with answered as (
      select leases.account_id, leases.id from leases
      join unnest(
        ${asked.map(({ account }) => account)}::text[],
        ${asked.map(({ atMs }) => new Date(atMs).toISOString())}::timestamptz[]
      ) as asked (account_id, at)
        on asked.account_id = leases.account_id and asked.at = leases.asked_back_at
      where leases.holder = ${holder}
      order by leases.account_id, leases.id
      for no key update of leases
    )
    update leases set asked_back_at = null
    from answered
    where leases.account_id = answered.account_id and leases.id = answered.id`.execute(db);
}
