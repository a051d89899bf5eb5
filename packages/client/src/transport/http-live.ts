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
import { type LiveSubject, liveSubjectOf } from './live-subject.ts';
import { liveStates, type StateSink } from './live-states.ts';
import type { LiveUsageQuery } from './transport.ts';

/** Where to subscribe. */
export interface LiveServer {
  readonly server: HttpServer;
  /** Of the procedures. */
  readonly url: string;
  /** That go with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The states of the budget that `query` names until its signal or `closing` aborts. Goes on by itself after a lost connection. */
export function followOverHttp(
  at: LiveServer,
  query: LiveUsageQuery,
  closing: AbortSignal,
): AsyncIterableIterator<BudgetView> {
  const subject = liveSubjectOf(query);
  return liveStates([closing, query.signal], (sink) => subscribe(at, { subject, sink }));
}

/** Follows a budget until the answer is called. Goes on by itself after a lost connection. */
function subscribe(
  { server, url, headers: ours }: LiveServer,
  { subject, sink }: { readonly subject: LiveSubject; readonly sink: StateSink },
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
    subject,
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
