/** With `REDIS_URL` and `DATABASE_URL` the demo runs on the hybrid, whatever happens to either. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acknowledged } from './support/acknowledged.ts';
import { makeDirectory, runDemo } from './support/run-demo.ts';
import { writeTrace } from './support/write-trace.ts';

const CALLS = 4_000;

let postgres: PostgresServer;
let redis: RedisServer;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]));

const stores = async () => ({
  DATABASE_URL: await postgres.createDatabase(),
  REDIS_URL: redis.url,
});

describe('the demo on Redis and PostgreSQL', () => {
  test('tells its story, and every nano-dollar is accounted for', async () => {
    const run = await runDemo(['--data', makeDirectory()], await stores());
    expect(run.lines.at(-1)).toMatch(/^Audit: every nano-dollar is accounted for: \d+ calls/);
    expect(run.lines.join('\n')).toContain('refused: budget_exhausted, "credit" of org acme');
    expect(run.exitCode).toBe(0);
  });

  test('books a trace exactly while Redis is killed and emptied twice and PostgreSQL once', async () => {
    const directory = makeDirectory();
    const books = join(directory, 'books');
    mkdirSync(books);
    const { file, costNanoUsd } = writeTrace(directory, CALLS);
    const running = runDemo(['--trace', file, '--data', books, '--json'], await stores());
    for (const [count, server] of [
      [500, redis],
      [1_500, postgres],
      [2_500, redis],
    ] as const) {
      await acknowledged(books, count);
      await server.kill();
      await server.restart();
    }
    const run = await running;
    expect(JSON.parse(run.lines.at(-1) ?? '')).toMatchObject({
      calls: CALLS,
      settled: CALLS,
      denied: 0,
      ledgerNanoUsd: costNanoUsd,
      differenceNanoUsd: 0,
      openReservations: 0,
    });
    expect(run.exitCode).toBe(0);
  }, 120_000);
});
