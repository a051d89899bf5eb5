/** A Redis that would lose money is refused at the start, with its own message and fix. */
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBursar } from '../../src/index.ts';

let postgres: PostgresServer;
let evicting: RedisServer;
beforeAll(async () => {
  [postgres, evicting] = await Promise.all([
    startPostgres(),
    startRedis({ maxmemoryPolicy: 'allkeys-lru' }),
  ]);
});
afterAll(() => Promise.all([postgres?.stop(), evicting?.stop()]));

const start = async (redisUrl: string) =>
  createBursar({
    store: { kind: 'hybrid', databaseUrl: await postgres.createDatabase(), redisUrl },
  });

it('F13: a Redis that may evict any key is refused, naming the setting and what to set', async () => {
  await expect(start(evicting.url)).rejects.toThrow(/allkeys-lru.*Set it to noeviction/);
});

it('F13: the same Redis is accepted once it keeps what has no time to live', async () => {
  await evicting.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  const bursar = await start(evicting.url);
  await bursar.close();
});

it('a Redis that is away does not keep the server from starting: PostgreSQL decides', async () => {
  await evicting.kill();
  const bursar = await start(evicting.url);
  try {
    const caller = bursar.caller({ tenant: 'acme' });
    const decision = await caller.meter.reserve({
      reservation: '019a0000-0000-7000-8000-000000000001',
      user: 'alice',
      model: 'gpt-4o',
      amountUsd: '0.10',
    });
    expect(decision).toMatchObject({ decision: 'allowed', mode: { mode: 'redis-down' } });
  } finally {
    await bursar.close();
  }
}, 60_000);
