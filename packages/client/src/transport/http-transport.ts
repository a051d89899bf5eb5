/**
 * A Bursar server over HTTP: tRPC calls, batched, and subscriptions as server-sent events.
 *
 * Works at the edge: `fetch` and streams only. Every request carries the token, also when a lost
 * subscription connects again; what came before the loss is not repeated.
 */
import type {
  AppRouter,
  BudgetView,
  ExtendOutput,
  LimitOutput,
  ReleaseOutput,
  ReserveOutput,
  SettleOutput,
  UsageHistoryOutput,
} from '@bursar/api';
import { createTRPCClient, httpSubscriptionLink, TRPCClientError } from '@trpc/client';
import { EventSource } from 'eventsource';
import { BatchedCalls, ForeignAnswer } from './batched-calls.ts';
import { bursarErrorFrom, reportedError } from './bursar-error-from.ts';
import { liveStates } from './live-states.ts';
import type { Transport } from './transport.ts';

/** Where the server is and how to reach it. */
export interface HttpServer {
  /** The server's address, such as `https://bursar.internal:4600`; a path in it is kept. */
  readonly url: string;
  /** A service token, `bk_…`. */
  readonly token: string;
  /** Sends the requests; the runtime's own `fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Longest wait for an answer in milliseconds, 5,000 by default; then the outcome is unknown. */
  readonly requestMsMax?: number;
}

/** Where a server has its procedures, below its address. */
const PROCEDURES_PATH = '/trpc';

/** The transport to the server at `url`. */
export function httpTransport(server: HttpServer): Transport {
  const url = server.url.replace(/\/+$/, '') + PROCEDURES_PATH;
  const closing = new AbortController();
  const calls = new BatchedCalls(url, (address, init) => send(server, address, init));
  const query = <Answer>(path: string, input: unknown): Promise<Answer> =>
    answered(server, calls.call('GET', path, input));
  const mutate = <Answer>(path: string, input: unknown): Promise<Answer> =>
    answered(server, calls.call('POST', path, input));
  const subscriptions = subscriptionsAt(server, url);
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
      live: ({ user, signal }) =>
        liveStates([closing.signal, signal], (sink) => {
          const subscription = subscriptions.usage.live.subscribe(
            { user },
            {
              onData: ({ data }) => sink.push(data),
              onError: (error) => sink.fail(subscriptionError(error, server)),
              onComplete: () => sink.end(),
            },
          );
          return () => subscription.unsubscribe();
        }),
    },
    limits: {
      get: (input) => query<LimitOutput>('limits.get', input),
      set: (input) => mutate<LimitOutput>('limits.set', input),
    },
    close: () => closing.abort(),
  };
}

function authorization({ token }: HttpServer): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function send(server: HttpServer, url: string, init: RequestInit): Promise<Response> {
  const { fetch: base = fetch, requestMsMax = 5_000 } = server;
  return base(url, {
    ...init,
    headers: { ...(init.headers as Record<string, string> | undefined), ...authorization(server) },
    signal: AbortSignal.timeout(requestMsMax),
  });
}

async function answered<Answer>(
  server: HttpServer,
  call: ReturnType<BatchedCalls['call']>,
): Promise<Answer> {
  try {
    const answer = await call;
    if ('result' in answer) return answer.result.data as Answer;
    throw reportedError(answer.error) ?? new ForeignAnswer(200);
  } catch (error) {
    throw bursarErrorFrom(error, server.url);
  }
}

function subscriptionsAt(server: HttpServer, url: string) {
  return createTRPCClient<AppRouter>({
    links: [
      httpSubscriptionLink({
        url,
        EventSource,
        eventSourceOptions: {
          fetch: (input, init) =>
            (server.fetch ?? fetch)(input, {
              ...init,
              headers: { ...init.headers, ...authorization(server) },
            }),
        },
      }),
    ],
  });
}

/** What ended a subscription: the server's report, or the status that its connection was refused with. */
function subscriptionError(error: TRPCClientError<AppRouter>, server: HttpServer): Error {
  const reported = reportedError({ message: error.message, data: error.data });
  if (reported !== undefined) return reported;
  const status = (error.cause as { readonly code?: unknown } | undefined)?.code;
  return bursarErrorFrom(
    typeof status === 'number' ? new ForeignAnswer(status) : error,
    server.url,
  );
}
