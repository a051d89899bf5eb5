/**
 * Legs and entries without foreign keys. A settlement had four of them to check, each by a query of its own: more than a
 * quarter of what it took PostgreSQL to book one. Whoever books holds the locks of what they pointed at, and nothing is
 * ever deleted; that all of it is there is a matter of the audit.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table legs
      drop constraint legs_reservation_id_fkey,
      drop constraint legs_account_id_lease_id_fkey`.execute(db);
  await sql`
    alter table ledger_entries
      drop constraint ledger_entries_reservation_id_fkey,
      drop constraint ledger_entries_account_id_lease_id_fkey`.execute(db);
  await sql`alter table accounts set (fillfactor = 50)`.execute(db);
  await sql`alter table leases set (fillfactor = 50)`.execute(db);
}
