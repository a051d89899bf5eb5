/** A migrated database and a tier on it, which closes both. */
import type { Amount, Clock, Tier } from '@bursar/core';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type DatabaseLocation, openDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresTier } from '../../src/stores/postgres/postgres-tier.ts';

/** An embedded database in memory. Its image is kept between runs, so that only the first one waits for it. */
export const IN_MEMORY: DatabaseLocation = {
  directory: 'memory',
  imageDirectory: process.env['BURSAR_CACHE_DIR'] ?? '',
};

export async function openTierForTest(
  location: DatabaseLocation,
  options: { readonly clock: Clock; readonly defaultLimit: Amount | null },
): Promise<Tier> {
  const database = await openDatabase(location);
  await migrate(database);
  const tier = new PostgresTier({ db: database.db, ...options });
  const closeTier = tier.close.bind(tier);
  tier.close = async () => {
    await closeTier();
    await database.close();
  };
  return tier;
}
