/** Ours over HTTP, beside servers that do nothing and one that does it in rows; server and callers apart. */
import type { ReserveOutput, SettleOutput } from '@bursar/api';
import { connect } from '@bursar/client';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop } from '../harness/drive.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import { moneyOffOf } from '../subjects/audit.ts';
import { makeTables, poolOf } from '../subjects/direct-db.ts';
import { HttpCalls } from '../subjects/http-calls.ts';
import { MeteredCalls } from '../subjects/metered-calls.ts';
import { ServerProcess } from '../subjects/server-process.ts';
import { journalHome, openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
const IN_FLIGHT = 64;
const BATCH = 10;
const TOKEN = 'bk_bench_0123456789_0123456789_0123456789';
const OURS = 'Bursar, one call a request';
const OURS_BATCHED = `Bursar, ${BATCH} calls a request`;
const OURS_SDK = 'Bursar, by its SDK, which batches by itself';
const NOOP = "a tRPC procedure that does nothing, tRPC's standalone adapter";
const NOOP_BATCHED = `the same, ${BATCH} calls a request`;
const NODE = 'plain node:http, JSON in and out';
const ROWS = 'SELECT, then UPDATE, pool 10, behind the same adapter';

export const server: Bench = {
  name: 'server',
  question: 'what does a call over HTTP cost, and how much of that is ours?',
  operation: `call of the server, ${IN_FLIGHT} in flight; "node" is the callers' CPU. Ours needs two for a call to a model`,
  async open({ isQuick }) {
    const stores = await startStores();
    const rowsUrl = await stores.postgres.createDatabase();
    const users = isQuick ? USERS_QUICK : USERS;
    const rows = poolOf(rowsUrl, 1);
    await makeTables(rows, users);
    await rows.end();
    const [bursar, trpc, node, directDb] = await Promise.all([
      ServerProcess.start('bursar', {
        BENCH_DATABASE_URL: stores.databaseUrl,
        BENCH_REDIS_URL: stores.redis.url,
        BENCH_TOKEN: TOKEN,
      }),
      ServerProcess.start('trpc'),
      ServerProcess.start('node'),
      ServerProcess.start('direct-db', { BENCH_ROWS_URL: rowsUrl }),
    ]);
    const calls = new MeteredCalls(users);
    await leaseEverybody(bursar, calls, users);
    await journalHome(stores);
    const other = (name: string, process: ServerProcess, path: string, batch = 1): Candidate =>
      nothingBehind(name, process, stores, { path, batch, calls: new MeteredCalls(users) });
    return {
      candidates: [
        oursSingly(bursar, stores, calls),
        oursBatched(bursar, stores, calls),
        oursBySdk(bursar, stores, calls),
        other(NOOP, trpc, 'noop'),
        other(NOOP_BATCHED, trpc, 'noop', BATCH),
        other(NODE, node, 'noop'),
        other(ROWS, directDb, 'account'),
      ],
      async judge(of) {
        const store = await openHybridOn(stores);
        try {
          return {
            findings: findings(of),
            moneyOffNanoUsd: await moneyOffOf(store, calls.costNanoUsd),
          };
        } finally {
          await store.close();
        }
      },
      async close() {
        await Promise.all([bursar, trpc, node, directDb].map((process) => process.close()));
        await stores.close();
      },
    };
  },
};

/** A call for every user, so that leases are there before anything is measured. */
async function leaseEverybody(
  { url }: ServerProcess,
  calls: MeteredCalls,
  users: number,
): Promise<void> {
  const client = connect({ url, token: TOKEN });
  for (let done = 0; done < users; done += IN_FLIGHT) {
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => pairBySdk(client, calls)));
  }
  await client.close();
}

async function pairBySdk(client: ReturnType<typeof connect>, calls: MeteredCalls): Promise<void> {
  const call = calls.next();
  calls.reserved(await client.meter.reserve(calls.reserve(call)));
  calls.settled(await client.meter.settle(calls.settle(call)));
}

function oursSingly(bursar: ServerProcess, stores: Stores, calls: MeteredCalls): Candidate {
  return {
    name: OURS,
    async open() {
      const http = new HttpCalls(bursar.url, IN_FLIGHT, TOKEN);
      return closedLoop({
        inFlight: IN_FLIGHT,
        perCall: 2,
        clocks: [bursar.clock, ...stores.clocks],
        async operation() {
          const call = calls.next();
          const reserve = { path: 'meter.reserve', input: calls.reserve(call) };
          calls.reserved(await http.one<ReserveOutput>(reserve));
          const settle = { path: 'meter.settle', input: calls.settle(call) };
          calls.settled(await http.one<SettleOutput>(settle));
        },
        finish: () => journalHome(stores),
        close: async () => http.close(),
      });
    },
  };
}

function oursBatched(bursar: ServerProcess, stores: Stores, calls: MeteredCalls): Candidate {
  return {
    name: OURS_BATCHED,
    async open() {
      const http = new HttpCalls(bursar.url, IN_FLIGHT, TOKEN);
      return closedLoop({
        inFlight: IN_FLIGHT,
        perCall: 2 * BATCH,
        clocks: [bursar.clock, ...stores.clocks],
        async operation() {
          const batch = Array.from({ length: BATCH }, () => calls.next());
          const reserved = await http.batch<ReserveOutput>(
            batch.map((call) => ({ path: 'meter.reserve', input: calls.reserve(call) })),
          );
          for (const answer of reserved) calls.reserved(answer);
          const settled = await http.batch<SettleOutput>(
            batch.map((call) => ({ path: 'meter.settle', input: calls.settle(call) })),
          );
          for (const answer of settled) calls.settled(answer);
        },
        finish: () => journalHome(stores),
        close: async () => http.close(),
      });
    },
  };
}

function oursBySdk(bursar: ServerProcess, stores: Stores, calls: MeteredCalls): Candidate {
  return {
    name: OURS_SDK,
    async open() {
      const client = connect({ url: bursar.url, token: TOKEN });
      return closedLoop({
        inFlight: IN_FLIGHT,
        perCall: 2,
        clocks: [bursar.clock, ...stores.clocks],
        operation: () => pairBySdk(client, calls),
        finish: () => journalHome(stores),
        close: () => client.close(),
      });
    },
  };
}

/** The same message to a server of which `path` is the only procedure. */
function nothingBehind(
  name: string,
  process: ServerProcess,
  { clocks: [, postgresClock] }: Stores,
  { path, batch, calls }: { path: string; batch: number; calls: MeteredCalls },
): Candidate {
  return {
    name,
    async open() {
      const http = new HttpCalls(process.url, IN_FLIGHT);
      const next = () => ({ path, input: calls.reserve(calls.next()) });
      return closedLoop({
        inFlight: IN_FLIGHT,
        perCall: batch,
        clocks: [process.clock, postgresClock],
        async operation() {
          if (batch === 1) await http.one(next());
          else await http.batch(Array.from({ length: batch }, next));
        },
        close: async () => http.close(),
      });
    },
  };
}

function findings(of: (name: string) => Figures): readonly Finding[] {
  const serverUs = (name: string): number => of(name).cpuUs.server ?? 0;
  return [
    {
      name: "the server's CPU of a call of ours to that of a tRPC call that does nothing",
      value: serverUs(OURS) / serverUs(NOOP),
      goal: 1.25,
      better: 'less',
    },
    {
      name: 'calls/s of ours, one a request, to tRPC calls that do nothing',
      isByClock: true,
      value: of(OURS).perSecond / of(NOOP).perSecond,
      goal: 3,
      better: 'more',
    },
    {
      name: `calls/s of ours, ${BATCH} a request, to tRPC calls that do nothing, one a request`,
      isByClock: true,
      value: of(OURS_BATCHED).perSecond / of(NOOP).perSecond,
      goal: 8,
      better: 'more',
    },
    {
      name: 'calls to a model/s, ours by its SDK (two calls each), to SELECT, then UPDATE',
      isByClock: true,
      value: of(OURS_SDK).perSecond / 2 / of(ROWS).perSecond,
      goal: 10,
      better: 'more',
    },
    {
      name: 'CPU of a call to a model, all in all, ours by its SDK to SELECT, then UPDATE',
      value: (2 * allCpuUs(of(OURS_SDK))) / allCpuUs(of(ROWS)),
      better: 'less',
    },
  ];
}
