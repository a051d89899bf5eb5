/** The hybrid passes the suite of every tier: a real Redis deciding on leases of a real PostgreSQL. */
import {
  type PostgresServer,
  exerciseTier,
  type RedisServer,
  startPostgres,
  startRedis,
} from '@bursar/testkit';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore } from '../../src/open-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

let postgres: PostgresServer;
let redis: RedisServer;
let prefixes = 0;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]));

exerciseTier({
  name: 'Redis on leases of PostgreSQL',
  sequences: 'rising',
  open: async ({ clock, defaultLimit }) => {
    prefixes += 1;
    const store = await openStore({
      location: {
        kind: 'hybrid',
        databaseUrl: await postgres.createDatabase(),
        redisUrl: redis.url,
        keyPrefix: `suite-${prefixes}`,
      },
      defaultLimit,
      log: SILENT_LOG,
      clock: { nowMs: () => clock.nowMs(), after: systemClock.after },
      databaseClock: clock,
    });
    const { tier } = store;
    const closeTier = tier.close.bind(tier);
    tier.close = async () => {
      tier.close = closeTier;
      await store.close();
    };
    return tier;
  },
});
