/** Ours over HTTP and WebSockets, beside servers that do nothing and one that does it in rows; server and callers apart. */
import { connect } from '@bursar/client';
import type { Bench, Finding } from '../harness/bench.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import { moneyOffOf } from '../subjects/audit.ts';
import { makeTables, poolOf } from '../subjects/direct-db.ts';
import { MeteredCalls } from '../subjects/metered-calls.ts';
import { ServerProcess } from '../subjects/server-process.ts';
import { journalHome, openHybridOn, startStores } from '../subjects/stores.ts';
import {
  BATCH,
  IN_FLIGHT,
  nothingBehind,
  oursBatched,
  oursBySdk,
  oursSingly,
  pairBySdk,
  type Parts,
  TOKEN,
} from './server-candidates.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
const OURS = 'Bursar, one call a request';
const OURS_BATCHED = `Bursar, ${BATCH} calls a request`;
const OURS_SDK = 'Bursar, by its SDK, which batches by itself';
const OURS_SOCKET = `Bursar, by its SDK over one WebSocket, ${IN_FLIGHT} calls under way`;
const OURS_BY_ADAPTER = "Bursar, one call a request, by tRPC's adapter";
const ALONE = 'our transport with nothing behind it, one call a request';
const ALONE_BATCHED = `our transport with nothing behind it, ${BATCH} calls a request`;
const ALONE_SOCKET = 'our transport with nothing behind it, by the SDK over one WebSocket';
const NOOP = "a tRPC procedure that does nothing, tRPC's standalone adapter";
const NOOP_BATCHED = `the same, ${BATCH} calls a request`;
const NODE = 'plain node:http, JSON in and out';
const ROWS = 'SELECT, then UPDATE, pool 10, behind the same adapter';

export const server: Bench = {
  name: 'server',
  question: 'what does a call over the network cost, and how much of that is ours?',
  operation: `call of the server, ${IN_FLIGHT} in flight; "node" is the callers' CPU. Ours needs two for a call to a model`,
  async open({ isQuick }) {
    const stores = await startStores();
    const rowsUrl = await stores.postgres.createDatabase();
    const users = isQuick ? USERS_QUICK : USERS;
    const rows = poolOf(rowsUrl, 1);
    await makeTables(rows, users);
    await rows.end();
    const processes = await Promise.all([
      ServerProcess.start('bursar', {
        BENCH_DATABASE_URL: stores.databaseUrl,
        BENCH_REDIS_URL: stores.redis.url,
        BENCH_TOKEN: TOKEN,
      }),
      ServerProcess.start('handler', { BENCH_TOKEN: TOKEN }),
      ServerProcess.start('trpc'),
      ServerProcess.start('node'),
      ServerProcess.start('direct-db', { BENCH_ROWS_URL: rowsUrl }),
    ]);
    const [bursar, handler, trpc, node, directDb] = processes;
    const calls = new MeteredCalls(users);
    await leaseEverybody(bursar, calls, users);
    await journalHome(stores);
    const ours: Parts = {
      server: bursar,
      calls,
      clocks: stores.clocks,
      finish: () => journalHome(stores),
    };
    const [, postgresClock] = stores.clocks;
    const alone = (process: ServerProcess): Parts => ({
      server: process,
      calls: new MeteredCalls(users),
      clocks: [postgresClock],
    });
    return {
      candidates: [
        oursSingly(OURS, ours),
        oursSingly(OURS_BY_ADAPTER, ours, true),
        oursBatched(OURS_BATCHED, ours),
        oursBySdk(OURS_SDK, ours, 'http'),
        oursBySdk(OURS_SOCKET, ours, 'ws'),
        oursSingly(ALONE, alone(handler)),
        oursBatched(ALONE_BATCHED, alone(handler)),
        oursBySdk(ALONE_SOCKET, alone(handler), 'ws'),
        nothingBehind(NOOP, alone(trpc), { path: 'noop' }),
        nothingBehind(NOOP_BATCHED, alone(trpc), { path: 'noop', batch: BATCH }),
        nothingBehind(NODE, alone(node), { path: 'noop' }),
        nothingBehind(ROWS, alone(directDb), { path: 'account' }),
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
        await Promise.all(processes.map((process) => process.close()));
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

function findings(of: (name: string) => Figures): readonly Finding[] {
  const serverUs = (name: string): number => of(name).cpuUs.server ?? 0;
  // How many of ours a server's core answers for one call that does nothing: in CPU time, and as calls/s.
  const timesNoop = (what: string, name: string, goal: number): readonly Finding[] => [
    {
      name: `the server's CPU of a tRPC call that does nothing to that of ${what}`,
      value: serverUs(NOOP) / serverUs(name),
      goal,
      better: 'more',
    },
    {
      name: `calls/s of ${what} to tRPC calls that do nothing, one a request`,
      isByClock: true,
      value: of(name).perSecond / of(NOOP).perSecond,
      goal,
      better: 'more',
    },
  ];
  return [
    {
      name: "the server's CPU of a call of ours by tRPC's adapter to that of a tRPC call that does nothing",
      value: serverUs(OURS_BY_ADAPTER) / serverUs(NOOP),
      goal: 1.25,
      better: 'less',
    },
    ...timesNoop('ours, one a request', OURS, 3),
    ...timesNoop('our transport alone, one a request', ALONE, 3),
    ...timesNoop('ours over one WebSocket', OURS_SOCKET, 6),
    ...timesNoop('our transport alone over one WebSocket', ALONE_SOCKET, 6),
    ...timesNoop(`ours, ${BATCH} a request`, OURS_BATCHED, 8),
    ...timesNoop(`our transport alone, ${BATCH} a request`, ALONE_BATCHED, 8),
    ...timesRows('ours by its SDK', of(OURS_SDK), of(ROWS), 10),
    ...timesRows('ours by its SDK over one WebSocket', of(OURS_SOCKET), of(ROWS), 10),
    ...timesRows('ours, one call a request', of(OURS), of(ROWS), 5),
  ];
}

/** Ours needs two calls to the server for a call to a model, and rows need one. */
function timesRows(what: string, ours: Figures, rows: Figures, goal: number): readonly Finding[] {
  return [
    {
      name: `calls to a model/s, ${what} (two calls each), to SELECT, then UPDATE`,
      isByClock: true,
      value: ours.perSecond / 2 / rows.perSecond,
      goal,
      better: 'more',
    },
    {
      name: `CPU of a call to a model, all in all, ${what} to SELECT, then UPDATE`,
      value: (2 * allCpuUs(ours)) / allCpuUs(rows),
      better: 'less',
    },
  ];
}
