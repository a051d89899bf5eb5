import { exerciseAuthority, type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll } from 'vitest';
import type { OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import { findingsIn, openAuthorityForTest } from './open-authority-for-test.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

function exerciseOn(name: string, location: () => Promise<typeof IN_MEMORY>): void {
  let opened: OpenedDatabase;
  exerciseAuthority({
    name,
    async open(options) {
      const { authority, database } = await openAuthorityForTest(await location(), options);
      opened = database;
      return authority;
    },
    audit: () => findingsIn(opened),
  });
}

exerciseOn('embedded PGlite', async () => IN_MEMORY);
exerciseOn('a real PostgreSQL server', async () => ({ url: await server.createDatabase() }));
