/**
 * Journals: how far each is in the ledger, and which worker brings it home.
 *
 * A claim keeps workers from doing the same work, nothing more: what an event does to the books does not
 * depend on who brings it or how often.
 */
import {
  BursarError,
  comparePositions,
  type HolderId,
  JOURNAL_START,
  type JournalPosition,
} from '@bursar/core';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Which journal. */
export interface JournalName {
  readonly holder: HolderId;
  readonly incarnation: number;
  readonly shard: number;
}

/** Claims the journal for `worker` and returns its position; nothing while another worker has it. */
export async function claimJournal(
  db: Kysely<Database>,
  {
    holder,
    incarnation,
    shard,
    worker,
    ttlMs,
  }: JournalName & { readonly worker: string; readonly ttlMs: number },
  now: RawBuilder<Date>,
): Promise<JournalPosition | undefined> {
  const { rows } = await sql<{ position: string }>`
    insert into journals (holder, incarnation, shard, position, claimed_by, claimed_until)
    values (
      ${holder}, ${incarnation}::bigint, ${shard}::integer, ${JOURNAL_START}, ${worker},
      ${now} + ${ttlMs}::float8 * interval '1 millisecond'
    )
    on conflict (holder, incarnation, shard) do update set
      claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
    where journals.claimed_by is null
      or journals.claimed_by = excluded.claimed_by
      or journals.claimed_until <= ${now}
    returning position`.execute(db);
  return rows[0]?.position;
}

/**
 * Moves the journal's position forward, never back, inside `transaction`, which keeps the claim in place
 * until it ends. Throws `store_unavailable` when another worker has the claim.
 */
export async function moveJournal(
  transaction: Transaction<Database>,
  {
    holder,
    incarnation,
    shard,
    worker,
    after,
    position,
  }: JournalName & {
    readonly worker: string;
    readonly after: JournalPosition;
    readonly position: JournalPosition;
  },
): Promise<void> {
  if (comparePositions(position, after) > 0) {
    // As it is nearly always: ours, and where we left it.
    const moved = await sql<{ position: string }>`
      update journals set position = ${position}
      where holder = ${holder} and incarnation = ${incarnation}::bigint and shard = ${shard}::integer
        and claimed_by = ${worker} and position = ${after}
      returning position`.execute(transaction);
    if (moved.rows.length > 0) return;
  }
  const { rows } = await sql<{ position: string; claimed_by: string | null }>`
    select position, claimed_by from journals
    where holder = ${holder} and incarnation = ${incarnation}::bigint and shard = ${shard}::integer
    for update`.execute(transaction);
  const [journal] = rows;
  if (journal?.claimed_by !== worker) {
    throw new BursarError('store_unavailable', {
      message: 'Another worker brings this journal home; nothing was changed.',
      retryAfterMs: 1_000,
    });
  }
  // This database has lost its last commits: what came between is not in the ledger any more.
  if (comparePositions(journal.position, after) < 0) {
    throw new BursarError('store_unavailable', {
      message: 'The database stands further back in this journal; nothing was changed.',
      retryAfterMs: 1_000,
    });
  }
  if (comparePositions(position, journal.position) <= 0) return;
  await sql`
    update journals set position = ${position}
    where holder = ${holder} and incarnation = ${incarnation}::bigint and shard = ${shard}::integer`.execute(
    transaction,
  );
}

/** Every journal's position, by shard. */
export async function journalPositions(
  db: Kysely<Database>,
  holder: HolderId,
  incarnation: number,
): Promise<ReadonlyMap<number, JournalPosition>> {
  const { rows } = await sql<{ shard: number; position: string }>`
    select shard, position from journals
    where holder = ${holder} and incarnation = ${incarnation}::bigint
    order by shard`.execute(db);
  return new Map(rows.map(({ shard, position }) => [shard, position]));
}
