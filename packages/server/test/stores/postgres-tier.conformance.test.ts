import { exerciseTier, type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll } from 'vitest';
import { openTierForTest } from './open-tier-for-test.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

exerciseTier({
  name: 'PostgreSQL tier on a real PostgreSQL server',
  open: async (options) => openTierForTest({ url: await server.createDatabase() }, options),
});
