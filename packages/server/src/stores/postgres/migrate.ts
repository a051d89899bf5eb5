/** Brings a database to the present schema. Several processes may try at once; one does it, the rest wait. */
import { BursarError } from '@bursar/core';
import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { Database } from './schema.ts';

/**
 * Applies what is missing and returns the names of what it applied. Throws `store_unavailable` when one
 * fails, with the database as it was before all of them.
 */
export async function migrate(
  database: Pick<OpenedDatabase, 'patiently'>,
): Promise<readonly string[]> {
  return database.patiently(async (db) => {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw failure(error);
    return results?.map(({ migrationName }) => migrationName) ?? [];
  });
}

/** Whether every migration of this version has been applied, and none that this version does not know. */
export async function isCurrent(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{
    name: string;
  }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name).join() === Object.keys(MIGRATIONS).toSorted().join();
}

/** SQLSTATE 42501: insufficient privilege. */
const NOT_ALLOWED = '42501';

function failure(error: unknown): BursarError {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  const fix =
    code === NOT_ALLOWED
      ? 'Its role must be allowed to create tables in its schema'
      : 'Check that PostgreSQL runs where DATABASE_URL says, with that user and database';
  return new BursarError('store_unavailable', {
    message: `The database could not be opened or brought to this version (${code ?? 'no code'}: ${message.slice(0, 200)}). ${fix}.`,
    cause: error,
  });
}
