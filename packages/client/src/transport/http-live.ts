/**
 * Live usage over HTTP: server-sent events, as tRPC sends those of a subscription. In a file of its own, because it is
 * loaded only by those who follow somebody.
 *
 * The events (tRPC 11.25, `unstable-core-do-not-import/stream/sse.ts`): `connected` with what the client is to know,
 * `ping`, states without a name, and at the end `return` or `serialized-error`.
 */
import type { BudgetView } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import { EventSource, type FetchLike } from 'eventsource';
import { fieldOf, isObject, parseJson, stringOf } from '../http/json-fields.ts';
import { type Runtime, SYSTEM_RUNTIME } from '../runtime.ts';
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
  after: Runtime['after'] = SYSTEM_RUNTIME.after,
): AsyncIterableIterator<BudgetView> {
  const subject = liveSubjectOf(query);
  return liveStates([closing, query.signal], (sink) => {
    const subscription = new Subscription(at, { subject, sink, after });
    subscription.open();
    return () => subscription.close();
  });
}

/** One subscription, over as many connections as it takes. */
class Subscription {
  readonly #at: LiveServer;
  readonly #subject: LiveSubject;
  readonly #sink: StateSink;
  readonly #after: Runtime['after'];
  #source: EventSource | undefined;
  /** Of the last state that came: where the server goes on after a lost connection. */
  #lastEventId = '';
  /** Longest silence, in milliseconds, as the server says: then the connection is lost, whatever TCP thinks. */
  #silenceMsMax: number | undefined;
  #forgetSilence = (): void => {};
  /** What refuses a connection is told by an answer whose body an EventSource never looks at. */
  #refusal: BursarError | undefined;

  constructor(
    at: LiveServer,
    to: {
      readonly subject: LiveSubject;
      readonly sink: StateSink;
      readonly after: Runtime['after'];
    },
  ) {
    this.#at = at;
    this.#subject = to.subject;
    this.#sink = to.sink;
    this.#after = to.after;
  }

  open(): void {
    const lastEventId = this.#lastEventId;
    const input = JSON.stringify({
      ...this.#subject,
      ...(lastEventId === '' ? {} : { lastEventId }),
    });
    const address = `${this.#at.url}/usage.live?input=${encodeURIComponent(input)}`;
    const source = new EventSource(address, { fetch: this.#fetch });
    this.#source = source;
    const on = (name: string, listener: (event: MessageEvent) => void): void =>
      source.addEventListener(name, (event) => {
        this.#heard();
        listener(event);
      });
    on('connected', ({ data }) => {
      const told = fieldOf(parseJson(data as string), 'reconnectAfterInactivityMs');
      this.#silenceMsMax = typeof told === 'number' && told > 0 ? told : undefined;
      this.#heard();
    });
    on('ping', () => {});
    on('message', ({ data, lastEventId: id }) => {
      this.#lastEventId = id;
      const state = parseJson(data as string);
      if (isObject(state)) this.#sink.push(state as unknown as BudgetView);
      else this.#sink.fail(this.#foreign(200));
    });
    on('serialized-error', ({ data }) => this.#failed(parseJson(data as string)));
    on('return', () => this.#sink.end());
    source.addEventListener('error', ({ code = 200 }) => {
      // Otherwise it connects again by itself.
      if (source.readyState !== source.CLOSED) return;
      this.#sink.fail(this.#refusal ?? this.#foreign(code));
    });
  }

  close(): void {
    this.#forgetSilence();
    this.#source?.close();
  }

  readonly #fetch: FetchLike = async (input, init) => {
    const { server, headers: ours } = this.#at;
    const headers = { ...init.headers, ...ours };
    const response = await (server.fetch ?? fetch)(input, { ...init, headers });
    if (!response.ok) this.#refusal = await refusalIn(response, server);
    return response;
  };

  /** The server has ended the stream with an error. Where it may be better later, the connection is made again. */
  #failed(error: unknown): void {
    const reported = isObject(error)
      ? reportedError({ message: stringOf(error['message']), data: error['data'] })
      : undefined;
    if (reported?.retryable === true && reported.status >= 500) return;
    this.#sink.fail(reported ?? this.#foreign(200));
  }

  #heard(): void {
    this.#forgetSilence();
    if (this.#silenceMsMax === undefined) return;
    this.#forgetSilence = this.#after(this.#silenceMsMax, () => {
      this.close();
      this.open();
    });
  }

  #foreign(status: number): BursarError {
    return bursarErrorFrom(new ForeignAnswer(status), this.#at.server.url);
  }
}

async function refusalIn(response: Response, server: HttpServer): Promise<BursarError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = (body as { readonly error?: ReportedError } | null | undefined)?.error;
  return (
    (error && reportedError(error)) ??
    bursarErrorFrom(new ForeignAnswer(response.status), server.url)
  );
}
