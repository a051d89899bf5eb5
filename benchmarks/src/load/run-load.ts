/**
 * One plan on one system: fresh stores, the server as a process, the generator as another, faults at their time, and
 * an audit at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Spender } from '../harness/bench.ts';
import { startCpuMeter } from '../harness/cpu.ts';
import { makeTables, poolOf } from '../subjects/direct-db.ts';
import { ServerProcess } from '../subjects/server-process.ts';
import { startStores, type Stores } from '../subjects/stores.ts';
import { auditDirect, auditOurs, type MoneyReport, spentOf, untilHome } from './audit-load.ts';
import type { CallLogColumns } from './call-log.ts';
import { type Faulty, makeFaults, startProxies } from './faults.ts';
import { runGenerator } from './generator.ts';
import type { GeneratorReport } from './generator.process.ts';
import { serviceOf, VANISHING_TTL_MS, type System } from './metering-services.ts';
import { boundariesOf, type LoadPlan } from './plan.ts';
import { type Sample, sampleUntil, transactionsOf, type Watched } from './sampler.ts';
import { Workload } from './workload.ts';

/** All that was seen of one system. */
export interface Observed {
  readonly log: CallLogColumns;
  readonly samples: readonly Sample[];
  readonly money: MoneyReport;
  /** Transactions that PostgreSQL ended, while calls were made and until they were home; unknown after a crash. */
  readonly transactions: number | undefined;
  /** CPU time of the run in microseconds, of those who lived through it. */
  readonly cpuUs: Readonly<Partial<Record<Spender, number>>>;
  readonly health: GeneratorReport['health'];
}

const TOKEN = 'bk_bench_0123456789_0123456789_0123456789';
/** Time for the generator to get ready. */
const HEAD_START_MS = 1_500;
/** Within this time after its deadline a call is ended, in milliseconds. */
const SWEPT_WITHIN_MS = 4_000;
/** Users that have made a call before the run begins; more would take longer than the run. */
const WARM_USERS_MAX = 5_000;
const WARM_UP_IN_FLIGHT = 50;

const now = (): number => performance.timeOrigin + performance.now();

/** Runs `plan` on `system`. */
export async function runLoad(
  plan: LoadPlan,
  system: System,
  note: (text: string) => void,
): Promise<Observed> {
  note(`${plan.name}, ${system}: starting PostgreSQL and Redis …`);
  const workload = new Workload(plan);
  const stores = await startStores();
  try {
    const { proxies, urlThrough } = await startProxies(stores);
    try {
      const isThroughProxies = plan.phases.some(
        ({ fault }) => fault?.kind === 'delay' || fault?.kind === 'loss',
      );
      const databaseUrl = isThroughProxies
        ? urlThrough(stores.databaseUrl, proxies.postgres)
        : stores.databaseUrl;
      const redisUrl = isThroughProxies
        ? urlThrough(stores.redis.url, proxies.redis)
        : stores.redis.url;
      const server = await startServer(system, { plan, workload, stores, databaseUrl, redisUrl });
      return await observe(system, {
        plan,
        workload,
        stores,
        server,
        faulty: { stores, proxies },
        note,
      });
    } finally {
      await Promise.all([proxies.redis.stop(), proxies.postgres.stop()]);
    }
  } finally {
    await stores.close();
  }
}

async function startServer(
  system: System,
  on: {
    readonly plan: LoadPlan;
    readonly workload: Workload;
    readonly stores: Stores;
    readonly databaseUrl: string;
    readonly redisUrl: string;
  },
): Promise<ServerProcess> {
  const limit = String(on.workload.limitNanoUsd);
  if (system === 'ours') {
    return ServerProcess.start('bursar', {
      BENCH_DATABASE_URL: on.databaseUrl,
      BENCH_REDIS_URL: on.redisUrl,
      BENCH_TOKEN: TOKEN,
      BENCH_LIMIT_NANO_USD: limit,
    });
  }
  const rows = poolOf(on.stores.databaseUrl, 1);
  await makeTables(rows, on.plan.population.users);
  await rows.query('update spend set lim = $1', [limit]);
  await rows.end();
  return ServerProcess.start('direct-pair', {
    BENCH_ROWS_URL: on.databaseUrl,
    BENCH_POOL: String(on.plan.directPool),
  });
}

async function observe(
  system: System,
  run: {
    readonly plan: LoadPlan;
    readonly workload: Workload;
    readonly stores: Stores;
    readonly server: ServerProcess;
    readonly faulty: Faulty;
    readonly note: (text: string) => void;
  },
): Promise<Observed> {
  const { plan, workload, stores, server, faulty, note } = run;
  const { phases } = plan;
  const watched: Watched = {
    server,
    stores,
    database: new URL(stores.databaseUrl).pathname.slice(1),
    hasRedis: system === 'ours',
  };
  await warmUp(system, server.url, plan);
  const stopCpu = await startCpuMeter([server.clock, ...stores.clocks]);
  const transactionsBefore = await transactionsOf(watched);
  const startAt = now() + HEAD_START_MS;
  const lengthMs = boundariesOf(phases).at(-1) ?? 0;
  const ending = new AbortController();
  note(`${plan.name}, ${system}: ${workload.size} calls in ${lengthMs / 1_000} s …`);
  const sampling = sampleUntil(ending.signal, watched, { startAt, now, lengthMs });
  const faults = makeFaults(phases, faulty, { startAt, now });
  const generated = await runGenerator({ plan, system, url: server.url, token: TOKEN, startAt });
  await faults;
  note(`${plan.name}, ${system}: auditing …`);
  // What the server keeps in its own memory, while Redis is away, cannot be looked at: the last to vanish get the time to end.
  if (system === 'ours') await sleep(VANISHING_TTL_MS + SWEPT_WITHIN_MS);
  const spent = Array.from(spentOf(workload, generated.log).values());
  const sum = spent.reduce((total, cost) => total + cost, 0n);
  const openInRedis = system === 'ours' ? await untilHome(stores, sum) : 0;
  ending.abort();
  const samples = await sampling;
  const hadCrash = phases.some(({ fault }) => fault?.kind.endsWith('-away'));
  const cpuUs = hadCrash ? {} : await stopCpu();
  const transactions = hadCrash ? undefined : (await transactionsOf(watched)) - transactionsBefore;
  await server.close();
  const money =
    system === 'ours'
      ? await auditOurs(stores.databaseUrl, workload, generated.log)
      : await auditDirect(stores.databaseUrl, workload, generated.log);
  return {
    ...generated,
    samples,
    money: { ...money, findings: [...money.findings, ...oddities(system, generated, openInRedis)] },
    transactions,
    cpuUs,
  };
}

/** What is wrong although every sum is right. */
function oddities(
  system: System,
  { mispriced, unacknowledged }: GeneratorReport,
  openInRedis: number,
): readonly string[] {
  if (system === 'direct') return [];
  return [
    ...(mispriced > 0 ? [`${mispriced} calls were priced otherwise than their tokens cost`] : []),
    ...(openInRedis > 0 ? [`${openInRedis} reservations were left open in Redis`] : []),
    ...(unacknowledged > 0 ? [`${unacknowledged} settlements were never acknowledged`] : []),
  ];
}

/**
 * Touches the most active users once, so that a run is about traffic and not about the first call of a month; the
 * code is warm after it, too. Nothing of it is booked.
 */
async function warmUp(system: System, url: string, { population }: LoadPlan): Promise<void> {
  const service = serviceOf(system, url, { token: TOKEN });
  const call = { dueMs: 0, modelMs: 0, inputTokens: 1, outputTokens: 1, outputTokensMax: 1 };
  const users = Array.from({ length: Math.min(population.users, WARM_USERS_MAX) }, (_, n) => n);
  const left = users.values();
  await Promise.all(
    Array.from({ length: WARM_UP_IN_FLIGHT }, async () => {
      for (const user of left) {
        // Reservations that no plan gets to.
        const touch = { ...call, index: 2 ** 40 + user, user, end: 'released' } as const;
        await service.reserve(touch);
        await service.release(touch);
      }
    }),
  );
  await service.close();
}
