/** Accounts that carry what was spent under another period rule, while more may have to be carried. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // See `carryOver` in @bursar/core. A row goes when nothing is expected from the budget's other accounts any more.
  await sql`
    create table carries (
      account_id text collate "C" primary key references accounts,
      since timestamptz not null,
      look_at timestamptz not null,
      others_sequence numeric not null
    )`.execute(db);
  await sql`create index carries_by_time on carries (look_at, account_id)`.execute(db);
}
