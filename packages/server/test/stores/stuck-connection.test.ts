/** A connection on which the server went silent must not be used again. */
import { execFileSync } from 'node:child_process';
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/stores/postgres/open-database.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

it('is replaced after its query timed out, so that the next query is answered', async () => {
  const { db, close } = await openDatabase({ url: server.url, queryTimeoutMs: 300 });
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
  const frozen = String(rows[0]?.pid);
  execFileSync('kill', ['-STOP', frozen]);
  try {
    await expect(sql`select 1`.execute(db)).rejects.toThrow('Query read timeout');
    const next = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    expect(String(next.rows[0]?.pid)).not.toBe(frozen);
  } finally {
    execFileSync('kill', ['-CONT', frozen]);
    await close();
  }
});
