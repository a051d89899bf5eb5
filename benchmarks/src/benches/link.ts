/** What calling a server costs its caller: our SDK beside tRPC's links and a request by hand. Nothing is behind them. */
import type { AppRouter, ReserveInput } from '@bursar/api';
import { connect } from '@bursar/client';
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpLink,
  type TRPCLink,
  wsLink,
} from '@trpc/client';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop } from '../harness/drive.ts';
import type { Figures } from '../harness/figures.ts';
import { HttpCalls } from '../subjects/http-calls.ts';
import { MeteredCalls } from '../subjects/metered-calls.ts';
import { ServerProcess } from '../subjects/server-process.ts';
import { IN_FLIGHT, TOKEN } from './server-candidates.ts';

const USERS = 1_000;
const HAND = 'node:http by hand';
const SDK = 'SDK, over HTTP';
const SDK_SOCKET = 'SDK, over one WebSocket';
const HTTP_LINK = "tRPC's httpLink";
const BATCH_LINK = "tRPC's httpBatchLink";
const WS_LINK = "tRPC's wsLink";

/** One way to call. */
interface Link {
  readonly reserve: (input: ReserveInput) => Promise<unknown>;
  readonly close: () => void | Promise<void>;
}

export const link: Bench = {
  name: 'link',
  question: 'what does a call cost its caller, and how long does it take?',
  operation: `call of a server that answers at once; "node" is the caller's CPU`,
  async open() {
    const handler = await ServerProcess.start('handler', { BENCH_TOKEN: TOKEN });
    const calls = new MeteredCalls(USERS);
    const links: Readonly<Record<string, () => Link>> = {
      [HAND]: () => byHand(handler.url),
      [SDK]: () => bySdk(handler.url),
      [SDK_SOCKET]: () => bySdk(handler.url.replace(/^http/, 'ws')),
      [HTTP_LINK]: () => byTrpc(httpLink({ url: `${handler.url}/trpc`, headers: HEADERS })),
      [BATCH_LINK]: () => byTrpc(httpBatchLink({ url: `${handler.url}/trpc`, headers: HEADERS })),
      [WS_LINK]: () => byWsLink(handler.url),
    };
    const candidates = Object.entries(links).flatMap(([name, open]) =>
      [IN_FLIGHT, 1].map((inFlight): Candidate => ({
        name: named(name, inFlight),
        async open() {
          const { reserve, close } = open();
          return closedLoop({
            inFlight,
            clocks: [handler.clock],
            async operation() {
              await reserve(calls.reserve(calls.next()));
            },
            close: async () => close(),
          });
        },
      })),
    );
    return {
      candidates,
      judge: (of) => ({ findings: findings(of) }),
      close: () => handler.close(),
    };
  },
};

const HEADERS = { authorization: `Bearer ${TOKEN}` };

function named(name: string, inFlight: number): string {
  return inFlight === 1 ? `${name}, one at a time` : `${name}, ${inFlight} in flight`;
}

function byHand(url: string): Link {
  const http = new HttpCalls(url, IN_FLIGHT, HEADERS);
  return {
    reserve: (input) => http.one({ path: 'meter.reserve', input }),
    close: () => http.close(),
  };
}

function bySdk(url: string): Link {
  const client = connect({ url, token: TOKEN });
  return {
    reserve: (input) => client.meter.reserve(input),
    close: async () => void (await client.close()),
  };
}

function byTrpc(last: TRPCLink<AppRouter>): Link {
  const client = createTRPCClient<AppRouter>({ links: [last] });
  return { reserve: (input) => client.meter.reserve.mutate(input), close: () => {} };
}

function byWsLink(url: string): Link {
  const client = createWSClient({
    url: `${url.replace(/^http/, 'ws')}/trpc`,
    connectionParams: HEADERS,
  });
  return { ...byTrpc(wsLink({ client })), close: () => client.close() };
}

function findings(of: (name: string) => Figures): readonly Finding[] {
  const callerUs = (name: string): number => of(named(name, IN_FLIGHT)).cpuUs.node ?? 0;
  const p50 = (name: string): number => of(named(name, 1)).p50Ms ?? Number.NaN;
  return [SDK, SDK_SOCKET].flatMap((name): readonly Finding[] => [
    {
      name: `the caller's CPU of a call, ${name}, to ${HTTP_LINK}`,
      value: callerUs(name) / callerUs(HTTP_LINK),
      goal: 1 / 5,
      better: 'less',
    },
    {
      name: `p50 of a call, one at a time, ${name}, to ${HAND}`,
      isByClock: true,
      value: p50(name) / p50(HAND),
      goal: 1.2,
      better: 'less',
    },
  ]);
}
