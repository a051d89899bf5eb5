/** Real stores of their own for a benchmark, and ours on them as it is shipped. */
import type { PostgresServer, RedisServer } from '@bursar/testkit';
import { startPostgres, startRedis } from '@bursar/testkit';
import { Client } from 'pg';
import { systemClock } from '../../../packages/server/src/clock/system-clock.ts';
import {
  type HybridLocation,
  openStore,
  type Store,
} from '../../../packages/server/src/open-store.ts';
import { SILENT_LOG } from '../../../packages/server/src/telemetry/logger.ts';
import { type CpuClock, cpuOfPostgres, cpuOfRedis } from '../harness/cpu.ts';
import { LIMIT } from './pairs.ts';

/** How often it is looked whether a journal is home. */
const LOOK_MS = 5;
/** Longest that a journal may take to come home. */
const HOME_MS_MAX = 120_000;

/** What our own connections for looking are called, to tell them from those of what is measured. */
export const OWN_NAME = 'bench';

/** A PostgreSQL and a Redis. */
export interface Stores {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /** A database of its own, with nothing in it. */
  readonly databaseUrl: string;
  /** A connection to it, for looking. */
  readonly database: Client;
  /** Of Redis and of PostgreSQL. */
  readonly clocks: readonly [CpuClock, CpuClock];
  close(): Promise<void>;
}

/** Starts both. PostgreSQL flushes its commits to the disk, as it does in production. */
export async function startStores(): Promise<Stores> {
  const [postgres, redis] = await Promise.all([startPostgres({ isFlushed: true }), startRedis()]);
  const databaseUrl = await postgres.createDatabase();
  const database = new Client({ connectionString: databaseUrl, application_name: OWN_NAME });
  // PostgreSQL may be killed on purpose.
  database.on('error', () => {});
  await database.connect();
  const { rows } = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
  return {
    postgres,
    redis,
    databaseUrl,
    database,
    clocks: [cpuOfRedis(redis), await cpuOfPostgres(rows[0]?.pid ?? 0)],
    async close() {
      await database.end().catch(() => {});
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}

/** The hybrid as it is shipped, on these stores; `more` says what is set otherwise. */
export function openHybridOn(
  { databaseUrl, redis }: Pick<Stores, 'databaseUrl' | 'redis'>,
  more: Partial<HybridLocation> = {},
): Promise<Store> {
  return openStore({
    location: { kind: 'hybrid', databaseUrl, redisUrl: redis.url, ...more },
    defaultLimit: LIMIT,
    log: SILENT_LOG,
    clock: systemClock,
  });
}

/** Resolves when everything in our journal is in the ledger. */
export async function journalHome({ redis, database }: Stores): Promise<void> {
  const until = performance.now() + HOME_MS_MAX;
  const newest = await newestEvent(redis);
  while (newest !== undefined && (await positionOf(database)) !== newest) {
    if (performance.now() > until) throw new Error('The journal does not come home.');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The id of the newest event in our journal. */
export async function newestEvent(redis: RedisServer): Promise<string | undefined> {
  const reply = await redis.cli('XREVRANGE', 'bursar:{0}:journal', '+', '-', 'COUNT', '1');
  const [event] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  return Array.isArray(event) ? String(event[0]) : undefined;
}

/** The id of the newest event that the ledger has. */
export async function positionOf(database: Client): Promise<string | undefined> {
  const { rows } = await database.query<{ position: string }>(
    'select position from journals order by incarnation desc limit 1',
  );
  return rows[0]?.position;
}
