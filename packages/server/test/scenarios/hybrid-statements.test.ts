/** On the normal path a call waits for one round trip to Redis and for no statement of PostgreSQL. */
import { type Amount, type DurationMs } from '@bursar/core';
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  TestPurse,
} from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

const USERS = 20;
const CALLS = 10_000;
/** The last of them are made while PostgreSQL is dead. */
const WITHOUT_DATABASE = 2_000;
const AT_ONCE = 50;

let postgres: PostgresServer;
let redis: RedisServer;
let store: Store;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  store = await openStore({
    location: {
      kind: 'hybrid',
      databaseUrl: await postgres.createDatabase(),
      redisUrl: redis.url,
    },
    defaultLimit: 1_000_000_000_000 as Amount,
    log: SILENT_LOG,
    clock: systemClock,
  });
});
afterAll(async () => {
  await store?.close();
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

/** Calls of Redis commands so far, by name. */
async function commandsOf(name: string): Promise<number> {
  const stats = String(await redis.cli('INFO', 'commandstats'));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

it(`${CALLS} calls after each account's first touch wait for 0 statements, the last ${WITHOUT_DATABASE} with PostgreSQL dead`, async () => {
  const purse = new TestPurse(store.tier, systemClock as never);
  const user = (index: number): string => `user-${index % USERS}`;
  const call = async (index: number): Promise<void> => {
    const id = await purse.open(user(index), 1_000);
    await purse.execute({
      kind: 'extend',
      reservation: id,
      amount: null,
      ttlMs: 60_000 as DurationMs,
      dispatched: true,
    });
    expect(await purse.settle(id, 700)).toMatchObject({ outcome: 'applied', spent: 700 });
  };
  const callAll = async (from: number, to: number): Promise<void> => {
    for (let start = from; start < to; start += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(start + index)));
    }
  };
  await callAll(0, AT_ONCE);
  const before = store.counts?.() ?? {};
  const scripts = await commandsOf('evalsha');
  await callAll(0, CALLS - WITHOUT_DATABASE);
  await postgres.kill();
  await callAll(CALLS - WITHOUT_DATABASE, CALLS);
  const after = store.counts?.() ?? {};
  const more = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  // A draw that is no prefetch, an opening, a decision past the copies: each is a call that waited.
  expect({
    draws: more('draws') - more('prefetches'),
    opened: more('opened'),
    direct: more('direct'),
    past: more('past'),
    lookedAgain: more('lookedAgain'),
    onCopies: more('onCopies'),
  }).toEqual({ draws: 0, opened: 0, direct: 0, past: 0, lookedAgain: 0, onCopies: CALLS });
  // Three commands a call, each at most one round trip; those of one tick share it.
  expect((await commandsOf('evalsha')) - scripts).toBeLessThanOrEqual(3 * CALLS);
  await postgres.restart();
  await expect
    .poll(async () => (await store.audit?.())?.settledNanoUsd, { timeout: 60_000, interval: 200 })
    .toBe(BigInt((CALLS + AT_ONCE) * 700));
  expect(await store.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
}, 180_000);
