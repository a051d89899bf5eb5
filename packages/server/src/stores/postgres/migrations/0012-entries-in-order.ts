/**
 * The index that lets no entry be booked twice, with the call first. Ids of calls grow with time, so new entries go to the
 * end of the index; with the account first each went to a page of its own, which was read, split and logged in whole. What
 * people book is told apart by the account and their key, in an index of its own that stays small.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unique index ledger_entries_of_call_once
    on ledger_entries (reservation_id, account_id, kind, key)
    where reservation_id is not null`.execute(db);
  await sql`
    create unique index ledger_entries_of_people_once
    on ledger_entries (account_id, kind, key)
    where reservation_id is null`.execute(db);
  await sql`drop index ledger_entries_once`.execute(db);
}
