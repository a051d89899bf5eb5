/** Ways to call a server: ours and others, singly, in batches, by the SDK and over one WebSocket. */
import type { ReserveOutput, SettleOutput } from '@bursar/api';
import { connect } from '@bursar/client';
import type { Candidate } from '../harness/bench.ts';
import type { CpuClock } from '../harness/cpu.ts';
import { closedLoop } from '../harness/drive.ts';
import { HttpCalls } from '../subjects/http-calls.ts';
import type { MeteredCalls } from '../subjects/metered-calls.ts';
import type { ServerProcess } from '../subjects/server-process.ts';

export const IN_FLIGHT = 64;
export const BATCH = 10;
export const TOKEN = 'bk_bench_0123456789_0123456789_0123456789';

/** What takes part in a candidate. */
export interface Parts {
  readonly server: ServerProcess;
  readonly calls: MeteredCalls;
  /** Of whoever is behind the server. */
  readonly clocks?: readonly CpuClock[];
  /** Resolves when what the calls left to do is done. */
  readonly finish?: () => Promise<void>;
}

/** A call to a model by the SDK: both commands. */
export async function pairBySdk(
  client: ReturnType<typeof connect>,
  calls: MeteredCalls,
): Promise<void> {
  const call = calls.next();
  calls.reserved(await client.meter.reserve(calls.reserve(call)));
  calls.settled(await client.meter.settle(calls.settle(call)));
}

/** Ours, one call a request. With `isByAdapter` by tRPC's own adapter, which clients can ask for. */
export function oursSingly(name: string, parts: Parts, isByAdapter = false): Candidate {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    ...(isByAdapter && { 'trpc-accept': 'application/json' }),
  };
  return candidate(name, parts, 2, (calls) => {
    const http = new HttpCalls(parts.server.url, IN_FLIGHT, headers);
    return {
      async operation() {
        const call = calls.next();
        const reserve = { path: 'meter.reserve', input: calls.reserve(call) };
        calls.reserved(await http.one<ReserveOutput>(reserve));
        const settle = { path: 'meter.settle', input: calls.settle(call) };
        calls.settled(await http.one<SettleOutput>(settle));
      },
      close: async () => http.close(),
    };
  });
}

/** Ours, `BATCH` calls a request. */
export function oursBatched(name: string, parts: Parts): Candidate {
  return candidate(name, parts, 2 * BATCH, (calls) => {
    const http = new HttpCalls(parts.server.url, IN_FLIGHT, { authorization: `Bearer ${TOKEN}` });
    return {
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
      close: async () => http.close(),
    };
  });
}

/** Ours by the SDK, over HTTP or, with `ws`, over one WebSocket. */
export function oursBySdk(name: string, parts: Parts, protocol: 'http' | 'ws'): Candidate {
  return candidate(name, parts, 2, (calls) => {
    const url = parts.server.url.replace(/^http/, protocol);
    const client = connect({ url, token: TOKEN, requestMsMax: 30_000 });
    return {
      operation: () => pairBySdk(client, calls),
      close: async () => void (await client.close()),
    };
  });
}

/** The message of a reservation to a server of which `path` is the only procedure. */
export function nothingBehind(
  name: string,
  parts: Parts,
  { path, batch = 1 }: { readonly path: string; readonly batch?: number },
): Candidate {
  return candidate(name, parts, batch, (calls) => {
    const http = new HttpCalls(parts.server.url, IN_FLIGHT);
    const next = () => ({ path, input: calls.reserve(calls.next()) });
    return {
      async operation() {
        if (batch === 1) await http.one(next());
        else await http.batch(Array.from({ length: batch }, next));
      },
      close: async () => http.close(),
    };
  });
}

function candidate(
  name: string,
  { server, calls, clocks = [], finish }: Parts,
  perCall: number,
  open: (calls: MeteredCalls) => {
    readonly operation: () => Promise<void>;
    readonly close: () => Promise<void>;
  },
): Candidate {
  return {
    name,
    open: async () =>
      closedLoop({
        inFlight: IN_FLIGHT,
        perCall,
        clocks: [server.clock, ...clocks],
        ...(finish !== undefined && { finish }),
        ...open(calls),
      }),
  };
}
