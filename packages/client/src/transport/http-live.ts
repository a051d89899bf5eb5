/**
 * Live usage over HTTP: a tRPC subscription as server-sent events. In a file of its own, because it is loaded only by
 * those who follow somebody: it is larger than all the rest of the client.
 */
import type { AppRouter, BudgetView } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import { createTRPCClient, httpSubscriptionLink } from '@trpc/client';
import { EventSource, type FetchLike } from 'eventsource';
import { ForeignAnswer } from './batched-calls.ts';
import { bursarErrorFrom, type ReportedError, reportedError } from './bursar-error-from.ts';
import type { HttpServer } from './http-transport.ts';
import { liveStates, type StateSink } from './live-states.ts';

/** Where to subscribe. */
export interface LiveServer {
  readonly server: HttpServer;
  /** Of the procedures. */
  readonly url: string;
  /** That go with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The states of `user`'s budget until one of `signals` aborts. Goes on by itself after a lost connection. */
export function followOverHttp(
  at: LiveServer,
  {
    user,
    signals,
  }: { readonly user: string; readonly signals: readonly (AbortSignal | undefined)[] },
): AsyncIterableIterator<BudgetView> {
  return liveStates(signals, (sink) => subscribe(at, { user, sink }));
}

/** Follows `user`'s budget until the answer is called. Goes on by itself after a lost connection. */
function subscribe(
  { server, url, headers: ours }: LiveServer,
  { user, sink }: { readonly user: string; readonly sink: StateSink },
): () => void {
  // What refuses a connection is told by an answer whose body an EventSource never looks at.
  let refusal: BursarError | undefined;
  const fetchEvents: FetchLike = async (input, init) => {
    const headers = { ...init.headers, ...ours };
    const response = await (server.fetch ?? fetch)(input, { ...init, headers });
    if (!response.ok) refusal = await refusalIn(response, server);
    return response;
  };
  const link = httpSubscriptionLink({
    url,
    EventSource,
    eventSourceOptions: { fetch: fetchEvents },
  });
  const subscription = createTRPCClient<AppRouter>({ links: [link] }).usage.live.subscribe(
    { user },
    {
      onData: ({ data }) => sink.push(data),
      onError: (error) => {
        const reported = reportedError({ message: error.message, data: error.data });
        sink.fail(reported ?? refusal ?? bursarErrorFrom(error, server.url));
      },
      onComplete: () => sink.end(),
    },
  );
  return () => subscription.unsubscribe();
}

async function refusalIn(response: Response, server: HttpServer): Promise<BursarError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = (body as { readonly error?: ReportedError } | null | undefined)?.error;
  return (
    (error && reportedError(error)) ??
    bursarErrorFrom(new ForeignAnswer(response.status), server.url)
  );
}
