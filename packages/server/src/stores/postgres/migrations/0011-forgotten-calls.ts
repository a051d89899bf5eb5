/**
 * Corrections say what the copy shows so far: it forgets a call some time after its end, and could not tell otherwise how
 * far off it is when the truth about the call comes later than that.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table corrections
      add column shown_nano_usd bigint not null default 0 check (shown_nano_usd >= 0)`.execute(db);
}
