/**
 * A Bursar server over HTTP or a WebSocket: tRPC calls, several to a request or many on one socket, and subscriptions as
 * server-sent events.
 *
 * Works at the edge: `fetch`, `WebSocket` and streams only. Every request carries the token, also when a lost
 * subscription connects again; what came before the loss is not repeated.
 */
import type {
  BudgetView,
  ExplainPoliciesOutput,
  ExtendOutput,
  LimitOutput,
  ListKeysOutput,
  ListPromotionsOutput,
  OpenKeyOutput,
  PoliciesOutput,
  PutPoliciesOutput,
  RegisteredKey,
  RejectKeyOutput,
  RevokeKeyOutput,
  ReleaseOutput,
  ReserveOutput,
  SettleOutput,
  UsageHistoryOutput,
} from '@bursar/api';
import { loading } from '../loading.ts';
import { BatchedCalls, type Calls, ForeignAnswer } from './batched-calls.ts';
import { lazily } from './lazily.ts';
import { authorization, REQUEST_MS_MAX, requestsTo } from './requests.ts';
import type { Transport } from './transport.ts';

/** Where the server is and how to reach it. */
export interface HttpServer {
  /**
   * The server's address, such as `https://bursar.internal:4600`; a path in it is kept. With `wss:` or `ws:` calls go
   * over one WebSocket, which takes a third of the time of both sides and stays open until `close()`.
   */
  readonly url: string;
  /** A service token, `bk_…`. */
  readonly token: string;
  /** Sends the requests; by default the runtime's own `fetch`, and in Node its HTTP client, which is faster. */
  readonly fetch?: typeof fetch;
  /** Longest wait for an answer in milliseconds, 5,000 by default; then the outcome is unknown. */
  readonly requestMsMax?: number;
}

const loadSocketCalls = loading(() => import('./socket-calls.ts'));

/** What failures are told as, loaded by the first. */
const loadErrors = loading(() => import('./bursar-error-from.ts'));

/** Where a server has its procedures, below its address. */
const PROCEDURES_PATH = '/trpc';

/** The transport to the server at `url`. */
export function httpTransport(server: HttpServer): Transport {
  const url = server.url.replace(/\/+$/, '') + PROCEDURES_PATH;
  const closing = new AbortController();
  const calls = /^wss?:/.test(url)
    ? lazyCalls(async () => new (await loadSocketCalls()).SocketCalls(server, url))
    : new BatchedCalls(url, {
        ...requestsTo(server),
        waitMsMax: server.requestMsMax ?? REQUEST_MS_MAX,
      });
  const query = <Answer>(path: string, input: object): Promise<Answer> =>
    answered(server, calls.call('GET', path, input));
  const mutate = <Answer>(path: string, input: object): Promise<Answer> =>
    answered(server, calls.call('POST', path, input));
  return {
    meter: {
      reserve: (input) => mutate<ReserveOutput>('meter.reserve', input),
      extend: (input) => mutate<ExtendOutput>('meter.extend', input),
      settle: (input) => mutate<SettleOutput>('meter.settle', input),
      release: (input) => mutate<ReleaseOutput>('meter.release', input),
    },
    usage: {
      current: (input) => query<BudgetView>('usage.current', input),
      history: (input) => query<UsageHistoryOutput>('usage.history', input),
      live: (followed) =>
        lazily(async () => {
          const { followOverHttp } = await import('./http-live.ts');
          // Events come over HTTP in any case.
          const at = { server, url: url.replace(/^ws/, 'http'), headers: authorization(server) };
          return followOverHttp(at, followed, closing.signal);
        }),
    },
    limits: {
      get: (input) => query<LimitOutput>('limits.get', input),
      set: (input) => mutate<LimitOutput>('limits.set', input),
      clear: (input) => mutate<LimitOutput>('limits.clear', input),
    },
    policies: {
      get: () => query<PoliciesOutput>('policies.get', {}),
      put: (input) => mutate<PutPoliciesOutput>('policies.put', input),
      explain: (input) => query<ExplainPoliciesOutput>('policies.explain', input),
      promotions: (input = {}) => query<ListPromotionsOutput>('policies.promotions', input),
    },
    keys: {
      register: (input) => mutate<RegisteredKey>('keys.register', input),
      list: (input = {}) => query<ListKeysOutput>('keys.list', input),
      open: (input) => mutate<OpenKeyOutput>('keys.open', input),
      reject: (input) => mutate<RejectKeyOutput>('keys.reject', input),
      revoke: (input) => mutate<RevokeKeyOutput>('keys.revoke', input),
    },
    close: () => {
      closing.abort();
      calls.close();
    },
  };
}

/** Calls by what `load` loads at the first of them. */
function lazyCalls(load: () => Promise<Calls>): Calls {
  let beginning: Promise<Calls> | undefined;
  let loaded: Calls | undefined;
  return {
    call: async (method, path, input) => {
      loaded ??= await (beginning ??= load());
      return await loaded.call(method, path, input);
    },
    close: () => loaded?.close(),
  };
}

async function answered<Answer>(
  server: HttpServer,
  call: ReturnType<Calls['call']>,
): Promise<Answer> {
  try {
    const answer = await call;
    if ('result' in answer) return answer.result.data as Answer;
    const { reportedError } = await loadErrors();
    throw reportedError(answer.error) ?? new ForeignAnswer(200);
  } catch (error) {
    const { bursarErrorFrom } = await loadErrors();
    throw bursarErrorFrom(error, server.url);
  }
}
