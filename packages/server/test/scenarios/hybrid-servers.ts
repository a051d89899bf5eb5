/** Two hybrids on one real Redis and one real PostgreSQL, each with links of its own that can fail. */
import type { Amount, Clock } from '@bursar/core';
import {
  type FaultProxy,
  type PostgresServer,
  type RedisServer,
  startFaultProxy,
  startPostgres,
  startRedis,
  TestPurse,
} from '@bursar/testkit';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

/** Long enough for a probe not to come at once, short enough to wait for. */
export const BREAKER_OPEN_MS = 4_000;

/** One of the servers. */
export interface HybridServer {
  readonly store: Store;
  readonly purse: TestPurse;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
}

/** All of them, and what they stand on. */
export interface HybridServers {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly servers: readonly [HybridServer, HybridServer];
  stop(): Promise<void>;
}

/** Starts everything. With `clock`, time in both stores is the test's. */
export async function startHybridServers(
  options: { readonly clock?: Clock; readonly limit?: number } = {},
): Promise<HybridServers> {
  const { clock, limit = 1_000_000 } = options;
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const databaseUrl = new URL(await postgres.createDatabase());
  const redisUrl = new URL(redis.url);
  const address = (url: URL) => ({ host: '127.0.0.1', port: Number(url.port) });
  const through = (url: URL, { port }: FaultProxy): string =>
    Object.assign(new URL(url), { port: String(port) }).href;
  let tenant: TestPurse['tenant'] | undefined;
  const start = async (): Promise<HybridServer> => {
    const toRedis = await startFaultProxy(address(redisUrl));
    const toPostgres = await startFaultProxy(address(databaseUrl));
    const store = await openStore({
      location: {
        kind: 'hybrid',
        databaseUrl: through(databaseUrl, toPostgres),
        redisUrl: through(redisUrl, toRedis),
        times: {
          quarantineMs: 500,
          breakerOpenMs: BREAKER_OPEN_MS,
          returnStageMs: 50,
          redisTimeoutMs: 500,
        },
      },
      defaultLimit: limit as Amount,
      log: SILENT_LOG,
      clock: { nowMs: () => (clock ?? systemClock).nowMs(), after: systemClock.after },
      databaseClock: clock,
    });
    const purse = new TestPurse(store.tier, (clock ?? systemClock) as never, tenant);
    ({ tenant } = purse);
    return { store, purse, toRedis, toPostgres };
  };
  const first = await start();
  const second = await start();
  return {
    postgres,
    redis,
    servers: [first, second],
    async stop() {
      for (const { store, toRedis, toPostgres } of [first, second]) {
        await Promise.all([toRedis.heal(), toPostgres.heal()]);
        await store.close();
        await Promise.all([toRedis.stop(), toPostgres.stop()]);
      }
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
