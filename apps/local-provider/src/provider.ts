/**
 * A local server that speaks OpenAI's HTTP API closely enough for the real `openai` package, and keeps its
 * own book of what it was asked and what it generated.
 *
 * It makes no decision about money. Tokens are words (`words.ts`), answers depend on the prompt alone
 * (`answer.ts`), and request headers make it misbehave (`script.ts`).
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCall, type CallContext } from './answer-call.ts';
import { CallLog, type CallRecord, type Totals } from './call-log.ts';
import { createEndpoints } from './endpoints.ts';
import { acceptSockets } from './realtime/accept-sockets.ts';
import { ResponseStore } from './responses/response-store.ts';
import type { JsonObject } from './request-fields.ts';
import { createIdSource } from './unique-id.ts';

export interface ProviderOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Interface to listen on, `127.0.0.1` unless said. */
  readonly host?: string;
  /** The one key that is accepted; without it any non-empty bearer is. */
  readonly apiKey?: string;
}

export interface Provider {
  /** Base URL for a client, such as `http://127.0.0.1:40123/v1`. */
  readonly url: string;
  /** Every call since the start, in order of arrival; the newest 100,000 at least. */
  readonly calls: readonly CallRecord[];
  /** Sums since the start. */
  totals(): Totals;
  /** Resolves once `count` calls have arrived since the start. */
  arrived(count: number): Promise<void>;
  /** Resolves once `count` calls have ended since the start, however they ended. */
  ended(count: number): Promise<void>;
  /** Drops every connection and stops listening; once is enough, twice does no harm. */
  close(): Promise<void>;
}

/** Longer than clients keep idle connections, so that it is never the server that closes one in use. */
const KEEP_ALIVE_MS = 60_000;

/** Starts a provider; resolves when it listens. Rejects when the port is taken. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const { port = 0, host = '127.0.0.1', apiKey = null } = options;
  const log = new CallLog();
  const store = new ResponseStore();
  const context: CallContext = {
    log,
    apiKey,
    newId: createIdSource(),
    findEndpoint: createEndpoints(store, (path, body) =>
      answerLine(urlOf(server, host), path, body, apiKey),
    ),
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    if (request.url?.startsWith('/provider/')) answerAboutItself(request.url, response, log);
    else void answerCall(request, response, context);
  });
  const dropSockets = acceptSockets(server, { log, newId: context.newId, apiKey, store });
  await listening(server, port, host);
  return {
    url: `${urlOf(server, host)}/v1`,
    calls: log.records,
    totals: () => log.totals(),
    arrived: (count) => log.arrived.reaches(count),
    ended: (count) => log.ended.reaches(count),
    close: () => {
      dropSockets();
      return closed(server);
    },
  };
}

function urlOf(server: Server, host: string): string {
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** A line of a batch, which is a call like any other. */
async function answerLine(
  origin: string,
  path: string,
  body: JsonObject,
  apiKey: string | null,
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const answer = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey ?? 'batch'}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as JsonObject };
}

/** `GET /provider/totals` and `/provider/calls`: the book, for whoever runs the provider as a process. */
function answerAboutItself(url: string, response: ServerResponse, log: CallLog): void {
  const books: Record<string, () => unknown> = {
    '/provider/totals': () => log.totals(),
    '/provider/calls': () => log.records,
  };
  const book = books[url];
  response.writeHead(book === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(book?.() ?? null));
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
