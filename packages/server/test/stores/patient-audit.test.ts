/** An audit reads all of a ledger, and that takes as long as it takes. */
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBursar } from '../../src/index.ts';
import { openDatabase } from '../../src/stores/postgres/open-database.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

it('has no limit of time on a connection for what is patient', async () => {
  const { db, patiently, close } = await openDatabase({ url: server.url });
  const limits = sql<object>`
    select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`;
  try {
    expect((await limits.execute(db)).rows).toEqual([{ statement: '15s', lock: '5s' }]);
    const patient = await patiently(async (own) => (await limits.execute(own)).rows);
    expect(patient).toEqual([{ statement: '0', lock: '0' }]);
  } finally {
    await close();
  }
});

it('audits on a connection of its own, and answers when a lock that it waits for is gone', async () => {
  const databaseUrl = await server.createDatabase();
  const bursar = await createBursar({ store: { kind: 'postgres', url: databaseUrl } });
  // What a transaction sees of others does not change while it lasts.
  const [other, watcher] = [new Client(databaseUrl), new Client(databaseUrl)];
  await Promise.all([other.connect(), watcher.connect()]);
  const pids = async (condition: string): Promise<readonly number[]> => {
    const { rows } = await watcher.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and ${condition}`,
    );
    return rows.map(({ pid }) => pid);
  };
  try {
    const before = await pids("application_name = 'bursar'");
    await other.query('begin; lock table accounts in access exclusive mode');
    const audit = bursar.audit?.();
    // The sweep may wait too, on a connection that was there.
    const isNewAndWaits = `wait_event_type = 'Lock' and pid not in (${before.join()})`;
    await expect.poll(() => pids(isNewAndWaits), { timeout: 10_000 }).toHaveLength(1);
    await other.query('rollback');
    expect(await audit).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  } finally {
    await Promise.all([other.end(), watcher.end()]);
    await bursar.close();
  }
});
