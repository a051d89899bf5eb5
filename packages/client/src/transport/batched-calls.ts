/**
 * tRPC calls over HTTP, several to a request.
 *
 * What is called in one turn of the event loop travels together. While few requests are under way a call
 * leaves at once, in a microtask; while many are, calls wait for one to return and leave together. So an
 * idle client pays for no timer, and a busy one makes fewer, larger requests without being told to. That is
 * why tRPC's own `httpBatchLink` is not used: it waits for a timer, about a millisecond, every time.
 *
 * A request takes as long as the slowest call in it. So that a few slow ones do not hold up everybody else, calls that have
 * waited for a while get requests of their own after all; and none waits longer than it may.
 *
 * The wire is tRPC's: `POST <url>/a,b?batch=1` with `{"0": …, "1": …}` for mutations, `GET` with the same in
 * `input` for queries, and an array of results or errors as the answer.
 */
import { BursarError } from '@bursar/core';
import { neverSent } from './never-sent.ts';
import type { Send } from './requests.ts';

/** Most calls in one request; servers bound it too. */
const BATCH_CALLS_MAX = 50;
/** Most characters of inputs in one request: queries have theirs in the URL, percent-encoded. */
const INPUT_LENGTH_MAX = { GET: 8_000, POST: 32_000 };
/** From this many requests under way on, calls wait for company. */
const REQUESTS_MAX = 8;
/** When something has waited this long, in milliseconds, there is room for as many requests more, up to the most. */
const PATIENCE_MS = 100;
const REQUESTS_MORE_MAX = 64;

/** The server's answer to one call, as it came: a result or an error. */
export type CallAnswer =
  | { readonly result: { readonly data: unknown } }
  | { readonly error: { readonly message: string; readonly data: unknown } };

/** An answer that is not tRPC's: something else is at the address, or in between. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer';
  readonly status: number;

  constructor(status: number) {
    super(`HTTP status ${status}`);
    this.status = status;
  }
}

interface Call {
  readonly path: string;
  /** JSON, percent-encoded for a query. */
  readonly input: string;
  readonly resolve: (answer: CallAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** How often patience has run out since it waits. */
  waited: number;
}

/** How calls are sent, and how long they wait. */
export interface BatchedCallsOptions {
  readonly send: Send;
  readonly close: () => void;
  /** Longest wait of a call that is not sent, in milliseconds. */
  readonly waitMsMax: number;
  /** Does `work` after `delayMs`. */
  readonly after?: (delayMs: number, work: () => void) => void;
}

/** How a query (`GET`) and a mutation (`POST`) are told apart. */
export type Method = 'GET' | 'POST';

/** A way to call procedures. */
export interface Calls {
  /**
   * The answer to the query or mutation `path`. Rejects with what the network fails with, with `ForeignAnswer`, and with
   * `input_invalid` for what is no JSON.
   */
  call(method: Method, path: string, input: object): Promise<CallAnswer>;
  /** Ends connections that are kept. */
  close(): void;
}

/** Calls procedures at one address. */
export class BatchedCalls implements Calls {
  readonly #url: string;
  readonly #send: Send;
  readonly #close: () => void;
  readonly #waiting: Record<Method, Call[]> = { GET: [], POST: [] };
  readonly #waitsMax: number;
  readonly #after: NonNullable<BatchedCallsOptions['after']>;
  #requests = 0;
  /** Most requests under way for now. */
  #room = REQUESTS_MAX;
  #isFlushing = false;
  #isPatient = false;

  /** `url` without a slash at its end. `send` adds what every request needs. */
  constructor(
    url: string,
    { send, close, waitMsMax, after = (ms, work) => setTimeout(work, ms) }: BatchedCallsOptions,
  ) {
    this.#url = url;
    this.#send = send;
    this.#close = close;
    this.#waitsMax = Math.ceil(waitMsMax / PATIENCE_MS);
    this.#after = after;
  }

  close(): void {
    this.#close();
  }

  call(method: Method, path: string, input: object): Promise<CallAnswer> {
    return new Promise((resolve, reject) => {
      const json = jsonOf(input);
      const text = method === 'GET' ? encodeURIComponent(json) : json;
      this.#waiting[method].push({ path, input: text, resolve, reject, waited: 0 });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    for (const method of ['POST', 'GET'] as const) {
      while (this.#waiting[method].length > 0 && this.#requests < this.#room) {
        void this.#request(method, this.#waiting[method].splice(0, this.#batchSize(method)));
      }
    }
    if (this.#isPatient || (this.#waiting.GET.length === 0 && this.#waiting.POST.length === 0))
      return;
    this.#isPatient = true;
    this.#after(PATIENCE_MS, () => {
      this.#isPatient = false;
      this.#losePatience();
    });
  }

  /** Makes room for what has waited all the while, and gives up what has waited too long: it was never sent. */
  #losePatience(): void {
    let waitsAll = false;
    for (const method of ['POST', 'GET'] as const) {
      for (const call of this.#waiting[method]) {
        call.waited += 1;
        waitsAll ||= call.waited > 1;
      }
      const first = this.#waiting[method].findIndex(({ waited }) => waited <= this.#waitsMax);
      const tooLong = this.#waiting[method].splice(0, first < 0 ? Infinity : first);
      for (const call of tooLong) call.reject(neverSent('there was no room for a request in time'));
    }
    if (waitsAll) this.#room = Math.min(REQUESTS_MORE_MAX, this.#room + REQUESTS_MAX);
    this.#flush();
  }

  /** How many of the waiting calls fit one request; at least one. */
  #batchSize(method: Method): number {
    let length = 0;
    const calls = this.#waiting[method].slice(0, BATCH_CALLS_MAX);
    const tooMany = calls.findIndex(
      ({ input }) => (length += input.length) > INPUT_LENGTH_MAX[method],
    );
    return tooMany < 0 ? calls.length : Math.max(1, tooMany);
  }

  async #request(method: Method, calls: readonly Call[]): Promise<void> {
    this.#requests += 1;
    try {
      const answers = await this.#answers(method, calls);
      for (const [index, call] of calls.entries()) {
        const answer = answers[index];
        if (answer === undefined) call.reject(new ForeignAnswer(200));
        else call.resolve(answer);
      }
    } catch (error) {
      for (const call of calls) call.reject(error);
    } finally {
      this.#requests -= 1;
      if (this.#requests < REQUESTS_MAX) this.#room = REQUESTS_MAX;
      this.#flush();
    }
  }

  async #answers(method: Method, calls: readonly Call[]): Promise<readonly CallAnswer[]> {
    const paths = calls.map(({ path }) => path).join(',');
    const url = `${this.#url}/${paths}?batch=1`;
    const response =
      method === 'GET'
        ? await this.#send(`${url}&input=${inputs(calls, ENCODED)}`, { method })
        : await this.#send(url, {
            method,
            body: inputs(calls, JSON_PUNCTUATION),
            headers: { 'content-type': 'application/json' },
          });
    const answer = parsed(await response.text());
    if (Array.isArray(answer)) return answer as CallAnswer[];
    // What is refused as a whole is refused for each of them.
    if (isRefusal(answer)) return calls.map(() => answer);
    throw new ForeignAnswer(response.status);
  }
}

const JSON_PUNCTUATION = { open: '{', quote: '"', colon: ':', comma: ',', close: '}' };
/** The same, percent-encoded like the inputs between it. */
const ENCODED = { open: '%7B', quote: '%22', colon: '%3A', comma: '%2C', close: '%7D' };

/** `{"0": …, "1": …}` from inputs that are text already. */
function inputs(calls: readonly Call[], p: typeof JSON_PUNCTUATION): string {
  const fields = calls.map(({ input }, index) => `${p.quote}${index}${p.quote}${p.colon}${input}`);
  return `${p.open}${fields.join(p.comma)}${p.close}`;
}

/** `input` as JSON. Throws `input_invalid`. */
export function jsonOf(input: object): string {
  try {
    return JSON.stringify(input);
  } catch (cause) {
    const message = 'The input must be something that JSON can say.';
    throw new BursarError('input_invalid', { field: 'input', message, cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRefusal(answer: unknown): answer is CallAnswer {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'error' in answer &&
    typeof answer.error === 'object' &&
    answer.error !== null &&
    'data' in answer.error
  );
}
