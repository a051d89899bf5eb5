/** Servers that share their books, for what must hold on each kind of store alike. */
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import type { InstantMs } from '@bursar/core';
import { systemClock } from '../../src/clock/system-clock.ts';
import type { StoreLocation } from '../../src/open-store.ts';
import { type Bursar, type BursarOptions, createBursar } from '../../src/wiring.ts';
import { testPrices } from '../support/test-service.ts';

/** The kinds of stores on which policies are tested. */
export const KINDS = ['memory', 'postgres', 'hybrid'] as const;
export type Kind = (typeof KINDS)[number];

/** Noon of 12 November 2026, a Thursday. */
export const THURSDAY = Date.UTC(2026, 10, 12, 12);

type Api = ReturnType<Bursar['caller']>;

/** Two servers; of books in memory, one twice. */
export interface PolicyServers {
  readonly kind: Kind;
  readonly servers: readonly [Bursar, Bursar];
  /** The stores' time and the servers'. */
  readonly clock: { atMs: number };
  /** Procedures of one of the servers, as a tenant of this test's own unless another is named. */
  as(server: 0 | 1, tenant?: string): Api;
  /** Puts budgets (and the rest of a set) in force on both servers. */
  put(document: Readonly<Record<string, unknown>>): Promise<number>;
  /** A tenant that nothing was spent in. */
  freshTenant(): string;
  stop(): Promise<void>;
}

/** Starts them. */
export async function startPolicyServers(
  kind: Kind,
  options: Pick<BursarOptions, 'prices' | 'learnedEstimates' | 'sweepIntervalMs'> = {},
): Promise<PolicyServers> {
  const clock = { atMs: THURSDAY };
  const stores: (PostgresServer | RedisServer)[] = [];
  const location = await locationOf(kind, stores);
  const open = (): Promise<Bursar> =>
    createBursar({
      store: location,
      defaultLimitUsd: '1.00',
      prices: testPrices('v1'),
      // Nothing that happens below may need a job to have run, unless a test is about what one does.
      sweepIntervalMs: 2_000_000_000,
      ...options,
      time: { nowMs: () => clock.atMs as InstantMs, after: systemClock.after },
    });
  const first = await open();
  const second = kind === 'memory' ? first : await open();
  let tenants = 0;
  let version = 0;
  const as: PolicyServers['as'] = (server, tenant = `t${tenants}`) =>
    (server === 0 ? first : second).caller({ tenant });
  return {
    kind,
    servers: [first, second],
    clock,
    as,
    async put(document) {
      const expectedVersion = version;
      version += 1;
      await as(0).policies.put({ document: { version, ...document }, expectedVersion });
      await until(async () => (await as(1).policies.explain({})).version === version);
      return version;
    },
    freshTenant() {
      tenants += 1;
      return `t${tenants}`;
    },
    async stop() {
      await first.close();
      if (second !== first) await second.close();
      await Promise.all(stores.map((store) => store.stop()));
    },
  };
}

async function locationOf(
  kind: Kind,
  stores: (PostgresServer | RedisServer)[],
): Promise<StoreLocation> {
  if (kind === 'memory') return { kind };
  const postgres = await startPostgres();
  stores.push(postgres);
  const url = await postgres.createDatabase();
  if (kind === 'postgres') return { kind, url };
  const redis = await startRedis();
  stores.push(redis);
  return { kind, databaseUrl: url, redisUrl: redis.url };
}

/** Waits for `isSo`, which something else brings about. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
  throw new Error('it did not come about');
}

let ids = 0;

/** The next id of a reservation. */
export function nextId(): string {
  ids += 1;
  return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
}

/** A budget as a document has it. */
export function budget(
  kind: string,
  limitUsd: string | null,
  over: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { name: 'credit', on: { kind }, limitUsd, ...over };
}

/** A call as `meter.reserve` takes it. */
export function call(
  amountUsd: string,
  over: {
    readonly user?: string;
    readonly scopes?: Record<string, string | string[]>;
    readonly reservation?: string;
  } = {},
) {
  return { reservation: nextId(), user: 'alice', model: 'test-model', amountUsd, ...over };
}
