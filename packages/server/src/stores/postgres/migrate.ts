/** Brings a database to the present schema. Several processes may try at once; one does it, the rest wait. */
import { BursarError } from '@bursar/core';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { OpenedDatabase } from './open-database.ts';

/**
 * Applies what is missing and returns the names of what it applied. Throws `store_unavailable` when one
 * fails, with the database as it was before all of them.
 */
export async function migrate(
  database: Pick<OpenedDatabase, 'patiently'>,
): Promise<readonly string[]> {
  return database.patiently(async (db) => {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw failure(error);
    return results?.map(({ migrationName }) => migrationName) ?? [];
  });
}

/** SQLSTATE 42501: insufficient privilege. */
const NOT_ALLOWED = '42501';

function failure(error: unknown): BursarError {
  const reason =
    (error as { code?: unknown }).code === NOT_ALLOWED
      ? 'its role must be allowed to create tables in its schema'
      : 'see the cause in the log';
  return new BursarError('store_unavailable', {
    message: `Bringing the database to this version of Bursar failed: ${reason}.`,
    cause: error,
  });
}
