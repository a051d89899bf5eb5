/** A whole decision, over five budgets and two rate limits, is one round trip to Redis and no statement. */
import type { Clock } from '@bursar/core';
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime } from '../support/manual-time.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const CALLS = 1_000;
/** Scripts that read and trim the journal meanwhile, at most one for so many of the calls'. */
const OTHERS = 0.05;
const KINDS = ['org', 'team', 'user', 'key', 'model'];

const time = new ManualTime();
const clock: Clock = { nowMs: () => time.nowMs() };
let postgres: PostgresServer;
let redis: RedisServer;
let store: Store;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  store = await openStore({
    location: { kind: 'hybrid', databaseUrl: await postgres.createDatabase(), redisUrl: redis.url },
    defaultLimit: null,
    log: SILENT_LOG,
    clock: systemClock,
    databaseClock: clock,
  });
});
afterAll(async () => {
  await store?.close();
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

/** Scripts called so far, by digest or by text. */
async function scripts(): Promise<number> {
  const stats = String(await redis.cli('INFO', 'commandstats'));
  return [...stats.matchAll(/cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

it(`${CALLS} calls over org, team, user, key, model and two rates: a script each to reserve and to settle, with PostgreSQL dead`, async () => {
  const bursar = openTestService({ tier: store.tier, time }).as('acme');
  const rate = (name: string, counts: string, algorithm: string) => ({
    name,
    on: { kind: 'user' },
    counts,
    limiter: { algorithm, limit: 1_000_000_000, windowMs: 60_000 },
  });
  const document = {
    version: 1,
    defaults: {
      budgets: KINDS.map((kind) => ({ name: 'credit', on: { kind }, limitUsd: '900000.00' })),
      rates: [
        rate('requests', 'requests', 'sliding-window-counter'),
        rate('tokens', 'totalTokens', 'fixed-window'),
      ],
    },
  };
  await bursar.policies.put({ expectedVersion: 0, document: document as never });
  let ids = 0;
  const call = async (): Promise<void> => {
    ids += 1;
    const reservation = idOf(ids);
    const decided = await bursar.meter.reserve({
      reservation,
      user: 'alice',
      model: 'test-model',
      scopes: { org: 'acme', team: 'growth', key: 'k1' },
      estimate: { inputTokens: 100, outputTokensMax: 100 },
    });
    if (decided.decision !== 'allowed') throw new Error(decided.message);
    expect([decided.budgets.length, decided.rates.length]).toEqual([5, 2]);
    await bursar.meter.settle({ reservation, usage: { inputTokens: 100, outputTokens: 50 } });
  };
  // First touches: leases are opened, and terms told.
  for (let index = 0; index < 20; index += 1) await call();
  const counts = store.counts?.() ?? {};
  await postgres.kill();
  const before = await scripts();
  for (let index = 0; index < CALLS; index += 1) await call();
  const each = ((await scripts()) - before) / CALLS;
  expect(each).toBeGreaterThanOrEqual(2);
  expect(each).toBeLessThan(2 + 2 * OTHERS);
  const after = store.counts?.() ?? {};
  const more = (name: string): number => (after[name] ?? 0) - (counts[name] ?? 0);
  expect({
    opened: more('opened'),
    direct: more('direct'),
    past: more('past'),
    lookedAgain: more('lookedAgain'),
    onCopies: more('onCopies'),
  }).toEqual({ opened: 0, direct: 0, past: 0, lookedAgain: 0, onCopies: CALLS });
  await postgres.restart();
  const settled = BigInt(KINDS.length * (CALLS + 20) * 200_000);
  await expect
    .poll(async () => (await store.audit?.())?.settledNanoUsd, { timeout: 60_000, interval: 200 })
    .toBe(settled);
  expect(await store.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
}, 180_000);
