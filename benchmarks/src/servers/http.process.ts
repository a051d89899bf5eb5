/**
 * One HTTP server as a process of its own, so that its CPU time can be told from its callers'. The first
 * argument says which; addresses come by the environment. It ends with the process that started it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Amount, formatUsd } from '@bursar/core';
import { startProvider } from '@bursar/local-provider';
import { createBursar } from '@bursar/server';
import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { z } from 'zod';
import { poolOf, SELECT_THEN_UPDATE } from '../subjects/direct-db.ts';
import { LIMIT } from '../subjects/pairs.ts';
import { directPairRouter } from './direct-pair.ts';
import { handlerAlone } from './handler-alone.ts';

const HOST = '127.0.0.1';

const MESSAGE = z.object({
  user: z.string().max(256),
  model: z.string().max(256),
  estimate: z.object({ inputTokens: z.int().min(0), outputTokensMax: z.int().min(0) }),
  reservation: z.uuid(),
});

/** What can be served, by name: each listens, and returns its base URL and what it does at its end. */
const KINDS = {
  bursar,
  trpc,
  'direct-db': directDb,
  'direct-pair': directPair,
  node: plainNode,
  handler,
  provider,
} as const;
/** One of them. */
export type ServerKind = keyof typeof KINDS;

type Running = { readonly url: string; readonly close: () => Promise<void> };

/** Ours as it is shipped, on the hybrid. */
async function bursar(): Promise<Running> {
  const { BENCH_DATABASE_URL, BENCH_REDIS_URL, BENCH_TOKEN, BENCH_LIMIT_NANO_USD } = process.env;
  const limit = Number(BENCH_LIMIT_NANO_USD ?? LIMIT);
  const made = await createBursar({
    store: {
      kind: 'hybrid',
      databaseUrl: BENCH_DATABASE_URL ?? '',
      redisUrl: BENCH_REDIS_URL ?? '',
    },
    defaultLimitUsd: formatUsd(limit as Amount),
    bootstrapToken: BENCH_TOKEN,
  });
  return { url: await made.listen({ host: HOST }), close: () => made.close() };
}

/** Ours with nothing behind it. */
async function handler(): Promise<Running> {
  const server = handlerAlone(process.env['BENCH_TOKEN'] ?? '');
  return { url: await server.listen(HOST, 0), close: () => server.drain(0) };
}

/** A mutation that does nothing, with checked input, on tRPC's own adapter. */
async function trpc(): Promise<Running> {
  const { router, procedure } = initTRPC.create();
  const noop = procedure
    .input(MESSAGE)
    .mutation(({ input }) => ({ reservation: input.reservation }));
  return listening(createHTTPServer({ router: router({ noop }), basePath: '/trpc/' }));
}

/** SELECT, then UPDATE, on the same adapter. */
async function directDb(): Promise<Running> {
  const pool = poolOf(process.env['BENCH_ROWS_URL'] ?? '', 10);
  const { router, procedure } = initTRPC.create();
  const account = procedure.input(MESSAGE).mutation(async ({ input }) => {
    await SELECT_THEN_UPDATE.call(pool, Number(input.user.slice('user-'.length)));
    return { reservation: input.reservation };
  });
  return listening(createHTTPServer({ router: router({ account }), basePath: '/trpc/' }));
}

/** SELECT before a call and UPDATE after it, on the same adapter. */
async function directPair(): Promise<Running> {
  const { BENCH_ROWS_URL, BENCH_POOL } = process.env;
  const router = directPairRouter(poolOf(BENCH_ROWS_URL ?? '', Number(BENCH_POOL)));
  return listening(createHTTPServer({ router, basePath: '/trpc/' }));
}

/** JSON in and out, with nothing between. */
async function plainNode(): Promise<Running> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { reservation } = JSON.parse(Buffer.concat(chunks).toString()) as {
        reservation: string;
      };
      const body = JSON.stringify({ result: { data: { reservation } } });
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  return listening(server);
}

/** A provider that answers as OpenAI does. */
async function provider(): Promise<Running> {
  const { url, close } = await startProvider({ host: HOST });
  return { url, close };
}

async function listening(server: ReturnType<typeof createServer>): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const kind = process.argv[2] as ServerKind;
const { url, close } = await KINDS[kind]();
process.on('message', (message) => {
  if (message === 'cpu') process.send?.(process.cpuUsage());
  if (message === 'memory') process.send?.({ rss: process.memoryUsage.rss() });
  if (message === 'close') void close().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });
