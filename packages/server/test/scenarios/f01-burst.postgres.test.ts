import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditLedger } from '../../src/stores/postgres/audit-ledger.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import { Burst } from './burst.ts';

const ROUNDS = 50;
let server: PostgresServer;
let database: OpenedDatabase;
let burst: Burst;

beforeAll(async () => {
  server = await startPostgres();
  const url = await server.createDatabase();
  database = await openDatabase({ url });
  await migrate(database);
  burst = await Burst.start([{ kind: 'postgres', url }]);
});
afterAll(async () => {
  await burst.stop();
  await database.close();
  await server.stop();
});

it(`F01: of 100 reserves of 0.10 USD from 8 processes on one PostgreSQL, exactly 50 fit into 5.00 USD, ${ROUNDS} times`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    expect(await burst.fire(`user-${round}`, 100)).toEqual({ allowed: 50, denied: 50, other: [] });
  }
  const audit = await auditLedger(database.db);
  expect(audit).toMatchObject({ findings: 0, overLimitNanoUsd: 0n, accounts: ROUNDS });
  expect(audit.reservedNanoUsd).toBe(BigInt(ROUNDS) * 5_000_000_000n);
}, 120_000);
