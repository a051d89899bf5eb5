/** A migrated database and an authority on it, which closes both; and the audit of what it holds. */
import type { Amount, Clock } from '@bursar/core';
import { auditLedger } from '../../src/stores/postgres/audit-ledger.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import {
  type DatabaseLocation,
  openDatabase,
  type OpenedDatabase,
} from '../../src/stores/postgres/open-database.ts';
import { PostgresAuthority } from '../../src/stores/postgres/postgres-authority.ts';

export async function openAuthorityForTest(
  location: DatabaseLocation,
  options: { readonly clock?: Clock; readonly defaultLimit: Amount | null },
): Promise<{ readonly authority: PostgresAuthority; readonly database: OpenedDatabase }> {
  const database = await openDatabase(location);
  await migrate(database);
  const authority = new PostgresAuthority({ db: database.db, ...options });
  const closeAuthority = authority.close.bind(authority);
  authority.close = async () => {
    await closeAuthority();
    await database.close();
  };
  return { authority, database };
}

/** What the SQL audit finds. */
export async function findingsIn({ db }: OpenedDatabase): Promise<readonly string[]> {
  return (await auditLedger(db)).shown;
}
