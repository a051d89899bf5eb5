/**
 * What accounts have to carry that was spent on their budgets' other accounts, under another period rule.
 *
 * Core says what is posted (`carryOver`); here is what it is asked about, in SQL, and which accounts are looked at
 * again while reservations and leases on the others may still end. That is a row, so any server does it, whichever
 * opened the account. The others are only read: what changes there meanwhile is found when it is looked again.
 */
import {
  type AccountId,
  budgetOf,
  CARRY_KEY_PREFIX,
  CARRY_WATCH_MS,
  type CarriedSums,
  type InstantMs,
  type LegAccount,
  nextCarryLookMs,
} from '@bursar/core';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { instantOf } from './rows.ts';
import type { CarryRow, Database } from './schema.ts';

/** Most accounts looked at again in one sweep. */
const LOOKS_MAX = 500;
/** If none of its last entries is of a period, an account is taken to have none of it. */
const LAST_ENTRIES = 100;

/** An account to be brought up to date before anything else is decided on it. */
export interface CarriedLeg extends CarriedSums {
  readonly leg: LegAccount;
  /** Grows with each change of the budget's other accounts of its time. */
  readonly othersSequence: string;
}

/** What each of `legs` has to carry; nothing of one whose budget has no other account of its time. */
export async function loadCarries(
  transaction: Transaction<Database>,
  legs: readonly LegAccount[],
): Promise<readonly CarriedLeg[]> {
  if (legs.length === 0) return [];
  const { rows } = await sql<{
    id: string;
    booked: string;
    reserved: string;
    leased: string;
    sequence: string;
    carried: string;
    carries: bigint;
  }>`
    select wanted.id, others.*, own.*
    from unnest(
      ${legs.map(({ account }) => account)}::text[],
      ${legs.map(({ account }) => budgetOf(account))}::text[],
      ${legs.map(({ period }) => iso(period.startAtMs))}::timestamptz[],
      ${legs.map(({ period }) => iso(period.endAtMs))}::timestamptz[]
    ) as wanted (id, budget_id, start_at, end_at)
    cross join lateral (
      select
        count(*) as count,
        coalesce(sum(booked.amount), 0)::text as booked,
        coalesce(sum(open.amount), 0)::text as reserved,
        coalesce(sum(accounts.leased_nano_usd), 0)::text as leased,
        coalesce(sum(accounts.sequence), 0)::text as sequence
      from accounts
      cross join lateral (
        select coalesce(sum(entries.amount_nano_usd), 0) as amount
        from ledger_entries as entries
        left join reservations on reservations.id = entries.reservation_id
        where entries.account_id = accounts.id
          and entries.at >= wanted.start_at
          and entries.kind in ('settle', 'release', 'expire', 'adjust')
          and not (entries.kind = 'adjust' and starts_with(entries.key, ${CARRY_KEY_PREFIX}))
          and coalesce(reservations.created_at, entries.at) >= wanted.start_at
          and coalesce(reservations.created_at, entries.at) < wanted.end_at
          and exists (
            select from (
              select at from ledger_entries where account_id = accounts.id
              order by sequence desc limit ${LAST_ENTRIES}
            ) as latest
            where latest.at >= wanted.start_at
          )
      ) as booked
      cross join lateral (
        select coalesce(sum(greatest(legs.amount_nano_usd - legs.spent_nano_usd, 0)), 0) as amount
        from legs join reservations on reservations.id = legs.reservation_id
        where legs.account_id = accounts.id and legs.state = 'reserved' and legs.lease_id = 'direct'
          and reservations.created_at >= wanted.start_at and reservations.created_at < wanted.end_at
      ) as open
      where accounts.budget_id = wanted.budget_id and accounts.id <> wanted.id
        and accounts.start_at < wanted.end_at and accounts.end_at > wanted.start_at
    ) as others
    cross join lateral (
      select coalesce(sum(amount_nano_usd), 0)::text as carried, count(*) as carries
      from ledger_entries
      where account_id = wanted.id and reservation_id is null
        and kind = 'adjust' and starts_with(key, ${CARRY_KEY_PREFIX})
    ) as own
    where others.count > 0`.execute(transaction);
  const byId = new Map(legs.map((leg) => [leg.account as string, leg]));
  return rows.flatMap((row) => {
    const leg = byId.get(row.id);
    if (leg === undefined) return [];
    return {
      leg,
      booked: BigInt(row.booked),
      reserved: BigInt(row.reserved),
      leased: BigInt(row.leased),
      carried: BigInt(row.carried),
      carries: Number(row.carries),
      othersSequence: row.sequence,
    };
  });
}

/**
 * Has `carried`, which exist by now, looked at again, and what is leased of the accounts that were left for them
 * given back. `sinceMs`: since when each is watched; for those that are not in it from now on.
 */
export async function watchCarries(
  transaction: Transaction<Database>,
  carried: readonly CarriedLeg[],
  nowMs: InstantMs,
  sinceMs: ReadonlyMap<AccountId, InstantMs>,
): Promise<void> {
  if (carried.length === 0) return;
  const since = carried.map(({ leg }) => sinceMs.get(leg.account) ?? nowMs);
  await sql`
    insert into carries (account_id, since, look_at, others_sequence)
    select * from unnest(
      ${carried.map(({ leg }) => leg.account)}::text[],
      ${since.map(iso)}::timestamptz[],
      ${since.map((atMs) => iso(nextCarryLookMs(atMs, nowMs)))}::timestamptz[],
      ${carried.map(({ othersSequence }) => othersSequence)}::numeric[]
    )
    on conflict (account_id) do update set
      since = excluded.since,
      look_at = excluded.look_at,
      others_sequence = excluded.others_sequence`.execute(transaction);
  // Nobody spends any more on what older terms are about, so what is leased of it is not needed.
  await sql`
    with unspent as (
      select leases.account_id, leases.id
      from accounts
      join accounts as others on others.budget_id = accounts.budget_id and others.id <> accounts.id
        and others.start_at < accounts.end_at and others.end_at > accounts.start_at
      join leases on leases.account_id = others.id
      where accounts.id = any(${carried.map(({ leg }) => leg.account)}::text[])
        and (accounts.terms_version, accounts.terms_since)
          > (coalesce(others.terms_version, 0), coalesce(others.terms_since, to_timestamp(0)))
        and leases.state = 'live' and leases.id <> 'direct'
        and leases.drawn_nano_usd - leases.returned_nano_usd > leases.settled_nano_usd
      order by leases.account_id, leases.id
      for no key update of leases
    )
    update leases set asked_back_at = date_trunc('milliseconds', ${iso(nowMs)}::timestamptz)
    from unspent
    where leases.account_id = unspent.account_id and leases.id = unspent.id`.execute(transaction);
}

/** An account to be looked at, and since when it is watched. */
export interface DueCarry {
  readonly account: AccountId;
  readonly sinceMs: InstantMs;
}

/**
 * Accounts of whose others something has changed since it was last looked. Those of which nothing is expected any
 * more are forgotten; the rest waits for its next turn.
 */
export async function dueCarries(
  db: Kysely<Database>,
  now: RawBuilder<Date>,
): Promise<readonly DueCarry[]> {
  const { rows } = await sql<CarryRow & { sequence: string; unsettled: string; now: Date }>`
    select carries.*, others.*, ${now} as now
    from (
      select * from carries where look_at <= ${now} order by look_at, account_id limit ${LOOKS_MAX}
    ) as carries
    join accounts on accounts.id = carries.account_id
    cross join lateral (
      select
        coalesce(sum(others.sequence), 0)::text as sequence,
        coalesce(sum(others.reserved_nano_usd + others.leased_nano_usd), 0)::text as unsettled
      from accounts as others
      where others.budget_id = accounts.budget_id and others.id <> accounts.id
        and others.start_at < accounts.end_at and others.end_at > accounts.start_at
    ) as others`.execute(db);
  const changed: DueCarry[] = [];
  const quiet: string[] = [];
  const waiting: { readonly id: string; readonly lookMs: InstantMs }[] = [];
  for (const row of rows) {
    const [sinceMs, nowMs] = [instantOf(row.since), instantOf(row.now)];
    const isOver = BigInt(row.unsettled) === 0n && nowMs - sinceMs >= CARRY_WATCH_MS;
    if (row.sequence !== row.others_sequence) {
      changed.push({ account: row.account_id as AccountId, sinceMs });
    } else if (isOver) quiet.push(row.account_id);
    else waiting.push({ id: row.account_id, lookMs: nextCarryLookMs(sinceMs, nowMs) });
  }
  if (quiet.length > 0) {
    await sql`
      delete from carries where account_id in (
        select account_id from carries where account_id = any(${quiet}::text[])
        order by account_id for update skip locked
      )`.execute(db);
  }
  if (waiting.length > 0) {
    await sql`
      update carries set look_at = free.look_at
      from (
        select carries.account_id, waiting.look_at
        from unnest(
          ${waiting.map(({ id }) => id)}::text[],
          ${waiting.map(({ lookMs }) => iso(lookMs))}::timestamptz[]
        ) as waiting (id, look_at)
        join carries on carries.account_id = waiting.id
        order by carries.account_id for update of carries skip locked
      ) as free
      where carries.account_id = free.account_id`.execute(db);
  }
  return changed;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
