/** Looking at a system under load from outside, a few times a second: memory and connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { ServerProcess } from '../subjects/server-process.ts';
import { OWN_NAME, type Stores } from '../subjects/stores.ts';

/** How the system was at an instant; absent is what could not be asked. */
export interface Sample {
  /** From the start of the run. */
  readonly atMs: number;
  readonly serverBytes?: number;
  readonly redisBytes?: number;
  /** Connections that the server holds to its database, and those with a statement under way. */
  readonly connections?: number;
  readonly activeConnections?: number;
  /** Of these, those that wait for a lock that another one has. */
  readonly lockedConnections?: number;
}

/** Shortest pause between two samples, in milliseconds. */
const PAUSE_MS_MIN = 100;
/** About how many samples a run gets. */
const SAMPLES = 120;
/** Longest wait for one answer of PostgreSQL, in milliseconds. */
const ASK_MS_MAX = 1_000;

/** What is looked at. */
export interface Watched {
  readonly server: ServerProcess;
  readonly stores: Pick<Stores, 'postgres' | 'redis'>;
  /** The database of the server, by name. */
  readonly database: string;
  /** Whether the system has a Redis. */
  readonly hasRedis: boolean;
}

/** Samples until `signal`, from `startAt` on `now`'s clock; a run lasts `lengthMs`. */
export async function sampleUntil(
  signal: AbortSignal,
  watched: Watched,
  {
    startAt,
    now,
    lengthMs,
  }: { readonly startAt: number; readonly now: () => number; readonly lengthMs: number },
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const pauseMs = Math.max(PAUSE_MS_MIN, lengthMs / SAMPLES);
  await sleep(Math.max(0, startAt - now()));
  while (!signal.aborted) {
    const beganAt = now();
    const [serverBytes, redisBytes, connections] = await Promise.all([
      watched.server.residentBytes(),
      watched.hasRedis ? redisBytesOf(watched.stores.redis) : undefined,
      connectionsOf(watched),
    ]);
    samples.push({
      atMs: beganAt - startAt,
      serverBytes,
      ...(redisBytes !== undefined && { redisBytes }),
      ...connections,
    });
    await sleep(Math.max(1, beganAt + pauseMs - now()), undefined, { signal }).catch(() => {});
  }
  return samples;
}

/** Transactions that the database of `watched` has ended since it was made. */
export async function transactionsOf({ stores, database }: Watched): Promise<number> {
  const [row] = await ask<{ count: string }>(
    stores.postgres.url,
    'select xact_commit + xact_rollback as count from pg_stat_database where datname = $1',
    database,
  );
  return Number(row?.count);
}

async function redisBytesOf(redis: Stores['redis']): Promise<number | undefined> {
  const info = await redis.cli('INFO', 'memory').catch(() => '');
  const bytes = /^used_memory:(\d+)/m.exec(String(info))?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

async function connectionsOf({
  stores,
  database,
}: Watched): Promise<Pick<Sample, 'connections' | 'activeConnections' | 'lockedConnections'>> {
  const rows = await ask<{ held: string; active: string; locked: string }>(
    stores.postgres.url,
    `select count(*) as held, count(*) filter (where state <> 'idle') as active,
       count(*) filter (where wait_event_type = 'Lock') as locked
     from pg_stat_activity
     where datname = $1 and backend_type = 'client backend' and application_name <> $2`,
    database,
    OWN_NAME,
  ).catch(() => []);
  const [row] = rows;
  return row === undefined
    ? {}
    : {
        connections: Number(row.held),
        activeConnections: Number(row.active),
        lockedConnections: Number(row.locked),
      };
}

/** One query over a connection of its own, since the server may have ended between two. */
async function ask<Row extends object>(
  url: string,
  text: string,
  ...values: readonly string[]
): Promise<readonly Row[]> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: ASK_MS_MAX,
    query_timeout: ASK_MS_MAX,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end().catch(() => {});
  }
}
