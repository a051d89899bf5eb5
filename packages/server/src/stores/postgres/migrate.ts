/** Brings a database to the present schema. Several processes may try at once; one does it, the rest wait. */
import { BursarError } from '@bursar/core';
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { Database } from './schema.ts';

/**
 * Applies what is missing and returns the names of what it applied. Throws `store_unavailable` when a
 * migration fails, with the database as it was before that migration.
 */
export async function migrate(db: Kysely<Database>): Promise<readonly string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first';
    throw new BursarError('store_unavailable', {
      message: `Migrating the database failed (${failed}); its role must be allowed to create tables.`,
      cause: error,
    });
  }
  return results?.map(({ migrationName }) => migrationName) ?? [];
}
