/** Processes as holders of leases: what one asks of the others to give back. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table leases add column asked_back_at timestamptz`.execute(db);
  await sql`
    create index leases_asked_back on leases (holder, account_id, id)
    where asked_back_at is not null and state = 'live'`.execute(db);
}
