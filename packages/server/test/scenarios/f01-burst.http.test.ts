import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBursar } from '../../src/index.ts';
import { Burst } from './burst.ts';
import type { BurstTarget } from './burst.process.ts';
import { call, serve, TOKEN } from './serve.ts';

const ROUNDS = 50;
const LIMIT = { BURSAR_DEFAULT_LIMIT_USD: '5.00' };

/** A way to run servers: the targets of the burst, and how to end them. */
type Start = () => Promise<{ readonly targets: readonly BurstTarget[]; stop(): Promise<void> }>;

const target = (procedures: string): BurstTarget => ({
  kind: 'http',
  url: procedures,
  token: TOKEN,
});

const inMemory: Start = async () => {
  const bursar = await createBursar({
    store: { kind: 'memory' },
    defaultLimitUsd: '5.00',
    bootstrapToken: TOKEN,
  });
  const url = await bursar.listen();
  return { targets: [target(`${url}/trpc`)], stop: () => bursar.close() };
};

const embedded: Start = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bursar-burst-'));
  const served = await serve({ ...LIMIT, BURSAR_DATA_DIR: directory });
  return {
    targets: [target(served.procedures)],
    async stop() {
      await served.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

const twoServers: Start = async () => {
  const postgres: PostgresServer = await startPostgres();
  const database = await postgres.createDatabase();
  const servers = await Promise.all([1, 2].map(() => serve({ ...LIMIT, DATABASE_URL: database })));
  return {
    targets: servers.map(({ procedures }) => target(procedures)),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await postgres.stop();
    },
  };
};

const redisAway: Start = async () => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
  const servers = await Promise.all([1, 2].map(() => serve({ ...LIMIT, ...stores })));
  await redis.stop();
  return {
    targets: servers.map(({ procedures }) => target(procedures)),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await postgres.stop();
    },
  };
};

const onRedis: Start = async () => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
  const servers = await Promise.all([1, 2].map(() => serve({ ...LIMIT, ...stores })));
  return {
    targets: servers.map(({ procedures }) => target(procedures)),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
};

const WHOLE = { reservedUsd: '5.00', availableUsd: '0.00' };

describe.each([
  ['a server in memory', inMemory, WHOLE],
  ['a server on embedded PGlite', embedded, WHOLE],
  ['two servers on one PostgreSQL', twoServers, WHOLE],
  ['two servers on one Redis and one PostgreSQL', onRedis, WHOLE],
  // What the other process holds in its memory is nobody's to show but not available either.
  ['two servers whose Redis is away, on process leases', redisAway, { availableUsd: '0.00' }],
])('F01 over HTTP, %s', (_title, start, shown) => {
  let running: Awaited<ReturnType<Start>>;
  let burst: Burst;
  beforeAll(async () => {
    running = await start();
    burst = await Burst.start(running.targets);
  });
  afterAll(async () => {
    await burst?.stop();
    await running?.stop();
  });

  it(`admits exactly 50 of 100 reserves of 0.10 USD from 8 processes against 5.00 USD, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await burst.fire(`user-${round}`, 100)).toEqual({
        allowed: 50,
        denied: 50,
        other: [],
      });
      const [first] = running.targets;
      expect(
        await call(
          { procedures: first?.url ?? '' },
          'usage.current',
          { user: `user-${round}` },
          'GET',
        ),
      ).toMatchObject(shown);
    }
  }, 180_000);
});
