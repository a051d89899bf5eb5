/**
 * Limiters in PostgreSQL: one row each, locked after everything that a batch locks besides, in the order of ids.
 *
 * A row is made before it is locked, so that two batches that use a limiter for the first time wait for each
 * other like all others do.
 */
import type { InstantMs, LimiterChange, LimiterId } from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import { instantOf } from './rows.ts';
import type { Database, LimiterRow } from './schema.ts';

/** Most rows that one sweep deletes. */
const FORGET_MAX = 1_000;

/** The limiters `ids` as they are under their locks; nothing when one of them was swept meanwhile. */
export async function lockLimiters(
  transaction: Transaction<Database>,
  ids: ReadonlySet<LimiterId>,
  nowMs: InstantMs,
): Promise<readonly LimiterChange[] | undefined> {
  const sorted = [...ids].toSorted();
  await sql`
    insert into limiters (id, ends_at)
    select id, ${new Date(nowMs).toISOString()}::timestamptz
    from unnest(${sorted}::text[]) as new (id)
    order by id on conflict do nothing`.execute(transaction);
  const { rows } = await sql<LimiterRow>`
    select * from limiters where id = any(${sorted}::text[]) order by id for update`.execute(
    transaction,
  );
  if (rows.length < sorted.length) return undefined;
  return rows.map((row) => ({
    id: row.id as LimiterId,
    state: row.state ?? undefined,
    endsAtMs: instantOf(row.ends_at),
  }));
}

/** Writes limiters whose rows are locked. */
export async function writeLimiters(
  transaction: Transaction<Database>,
  limiters: readonly LimiterChange[],
): Promise<void> {
  await sql`
    update limiters set state = new.state, ends_at = new.ends_at
    from unnest(
      ${limiters.map(({ id }) => id)}::text[],
      ${limiters.map(({ state }) => (state === undefined ? null : JSON.stringify(state)))}::jsonb[],
      ${limiters.map(({ endsAtMs }) => new Date(endsAtMs).toISOString())}::timestamptz[]
    ) as new (id, state, ends_at)
    where limiters.id = new.id`.execute(transaction);
}

/** Deletes limiters of which nothing is in use at `now`. Those that a batch has locked stay. */
export async function forgetLimiters(
  db: Kysely<Database>,
  now: ReturnType<typeof sql>,
): Promise<void> {
  await sql`
    delete from limiters where id in (
      select id from limiters where ends_at <= ${now}
      order by ends_at, id limit ${FORGET_MAX} for update skip locked
    )`.execute(db);
}
