/** Rate limiters: what is in use of each, and which reservation holds slots of which. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // See LimiterState in @bursar/core; null while nothing is in use. From `ends_at` on that is so anyway, and a
  // sweep deletes the row. Unlogged: after a crash limiters begin anew, and no commit waits for them.
  await sql`
    create unlogged table limiters (
      id text collate "C" primary key,
      state jsonb,
      ends_at timestamptz not null
    ) with (fillfactor = 50)`.execute(db);
  await sql`create index limiters_by_end on limiters (ends_at, id)`.execute(db);
  // What the reservation took from limiters here; null if nothing.
  await sql`alter table reservations add column rates jsonb`.execute(db);
}
