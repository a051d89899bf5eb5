/**
 * A Bursar server over HTTP: tRPC calls, batched, and subscriptions as server-sent events.
 *
 * Works at the edge: `fetch` and streams only. Every request carries the token, also when a lost
 * subscription connects again; what came before the loss is not repeated.
 */
import type { AppRouter } from '@bursar/api';
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { EventSource } from 'eventsource';
import { bursarErrorFrom } from './bursar-error-from.ts';
import { liveStates } from './live-states.ts';
import type { Transport } from './transport.ts';

/** Most calls in one request; servers bound it too. */
const BATCH_ITEMS_MAX = 50;
/** Longest address of a batch of reads, which travel in it. */
const URL_LENGTH_MAX = 6_000;

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

/** The transport to the server at `url`. */
export function httpTransport(server: HttpServer): Transport {
  const { url, send, headers } = { ...server, url: endpointOf(server.url), ...senderOf(server) };
  const closing = new AbortController();
  const trpc = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        true: httpSubscriptionLink({
          url,
          EventSource,
          eventSourceOptions: {
            fetch: (input, init) =>
              (server.fetch ?? fetch)(input, { ...init, headers: { ...init.headers, ...headers } }),
          },
        }),
        false: httpBatchLink({
          url,
          headers,
          maxItems: BATCH_ITEMS_MAX,
          maxURLLength: URL_LENGTH_MAX,
          fetch: (input, init) => send(input, init as RequestInit),
        }),
      }),
    ],
  });
  const answered = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await answer;
    } catch (error) {
      throw bursarErrorFrom(error, server.url);
    }
  };
  return {
    meter: {
      reserve: (input) => answered(trpc.meter.reserve.mutate(input)),
      extend: (input) => answered(trpc.meter.extend.mutate(input)),
      settle: (input) => answered(trpc.meter.settle.mutate(input)),
      release: (input) => answered(trpc.meter.release.mutate(input)),
    },
    usage: {
      current: (input) => answered(trpc.usage.current.query(input)),
      history: (input) => answered(trpc.usage.history.query(input)),
      live: ({ user, signal }) =>
        liveStates([closing.signal, signal], (sink) => {
          const subscription = trpc.usage.live.subscribe(
            { user },
            {
              onData: ({ data }) => sink.push(data),
              onError: (error) => sink.fail(bursarErrorFrom(error, server.url)),
              onComplete: () => sink.end(),
            },
          );
          return () => subscription.unsubscribe();
        }),
    },
    limits: {
      get: (input) => answered(trpc.limits.get.query(input)),
      set: (input) => answered(trpc.limits.set.mutate(input)),
    },
    close: () => closing.abort(),
  };
}

/** The procedures' address below the server's. */
function endpointOf(url: string): string {
  return `${url.replace(/\/+$/, '')}/trpc`;
}

function senderOf({ token, fetch: base, requestMsMax = 5_000 }: HttpServer): {
  headers: { readonly authorization: string };
  send: typeof fetch;
} {
  return {
    headers: { authorization: `Bearer ${token}` },
    send: (input, init) => {
      const timeout = AbortSignal.timeout(requestMsMax);
      const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
      return (base ?? fetch)(input, { ...init, signal });
    },
  };
}
