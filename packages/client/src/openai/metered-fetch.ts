/**
 * A `fetch` that meters what goes through it to an OpenAI-compatible provider: before the request leaves,
 * its possible cost is reserved; when the answer comes, its true cost is settled.
 *
 * Works below every SDK and sees each of their retries as the call that it is. Nothing passes unpriced, and
 * nothing passes when Bursar cannot be asked.
 */
import {
  BursarError,
  isBursarError,
  OUTPUT_TOKENS_FALLBACK,
  outputTokensBound,
} from '@bursar/core';
import { wasNeverSent } from '../connection-failure.ts';
import { MeteredCall, type MeteringContext, reserveCall } from '../metered-call.ts';
import { checkUser, type Metering } from '../wrap-options.ts';
import { CallerPresence } from './caller-presence.ts';
import { bursarErrorResponse, denialResponse } from './denial-response.ts';
import {
  bodyText,
  fetchArguments,
  type HttpRequest,
  httpRequestOf,
  USER_HEADER,
} from './http-request.ts';
import { meteredAnswer } from './metered-answer.ts';
import { type AnsweredCall, meteredStream } from './metered-stream.ts';
import { type ModelRequest, modelRequestOf } from './openai-request.ts';
import { type MeteredRoute, routeOf } from './openai-routes.ts';
import { responseWithBody } from './response-with-body.ts';

/** Where a metered `fetch` keeps the one below it, so that it is not metered twice. */
const BASE = Symbol.for('bursar.base-fetch');

/** `base`, metered. A `base` that is metered already is metered anew, not twice. */
export function meteredFetch(
  metering: Metering,
  context: MeteringContext,
  base: typeof fetch,
): typeof fetch {
  const unmetered = (base as { readonly [BASE]?: typeof fetch })[BASE] ?? base;
  const metered: typeof fetch = async (input, init) => {
    const request = httpRequestOf(input, init);
    try {
      return await new Passage(metering, context, unmetered).send(request);
    } catch (error) {
      if (isBursarError(error)) return bursarErrorResponse(error);
      throw error;
    }
  };
  return Object.assign(metered, { [BASE]: unmetered });
}

/** The way of one request. */
class Passage {
  readonly #metering: Metering;
  readonly #context: MeteringContext;
  readonly #base: typeof fetch;

  constructor(metering: Metering, context: MeteringContext, base: typeof fetch) {
    this.#metering = metering;
    this.#context = context;
    this.#base = base;
  }

  async send(http: HttpRequest): Promise<Response> {
    const route = routeOf(http.method, http.url);
    if (route === 'free') return await this.#base(...fetchArguments(http));
    if (route === 'unknown') return await this.#sendUnpriced(http, 'this route');
    const user = http.user === undefined ? this.#metering.user : checkUser(http.user, USER_HEADER);
    return await this.#sendMetered(http, route, user);
  }

  async #sendUnpriced(http: HttpRequest, what: string, body?: string): Promise<Response> {
    if (this.#metering.unmeteredRoutes === 'allow') {
      return await this.#base(...fetchArguments(http, body === undefined ? {} : { body }));
    }
    throw new BursarError('price_unknown', {
      message: `Bursar has no rule yet for what ${what} costs (${http.method} ${new URL(http.url).pathname}), so it was not sent; unmeteredRoutes: 'allow' sends it unmetered`,
    });
  }

  async #sendMetered(http: HttpRequest, route: MeteredRoute, user: string): Promise<Response> {
    const request = modelRequestOf(route, await bodyText(http));
    if (request.isBackground) {
      return await this.#sendUnpriced(http, 'a background response', request.text);
    }
    const presence = new CallerPresence({
      signal: http.signal,
      graceMs: this.#metering.onAbort === 'drain' ? this.#metering.drainMsMax : 0,
      runtime: this.#context.runtime,
    });
    const reserved = await this.#reserve(request, user, presence);
    if (reserved instanceof Response) return reserved;
    const { unfinished } = this.#context;
    const answer = this.#answer(http, { call: reserved, request, presence, unfinished });
    unfinished.add(answer);
    return await presence.orLeft(answer);
  }

  /** The call, or the answer to it when it is denied. */
  async #reserve(
    request: ModelRequest,
    user: string,
    presence: CallerPresence,
  ): Promise<MeteredCall | Response> {
    const { departure } = presence;
    if (departure !== undefined) throw departure.reason;
    const terms = {
      user,
      model: request.model,
      inputTokens: request.inputTokensMax,
      outputTokensMax: request.outputTokensMax ?? this.#fallbackFor(request),
      audio: request.audio,
    };
    const reserving = reserveCall(terms, this.#metering, this.#context);
    const reserved = await presence.orLeft(reserving).catch((error: unknown) => {
      // Whoever left before the provider was called owes nothing.
      this.#context.unfinished.add(
        reserving.then((late) => (late instanceof MeteredCall ? late.release() : undefined)),
      );
      presence.forget();
      throw error;
    });
    if (reserved instanceof MeteredCall) return reserved;
    presence.forget();
    return denialResponse(reserved);
  }

  /** What to set aside for a request without a cap; for a single choice Bursar knows the model's maximum. */
  #fallbackFor({ model, choices }: ModelRequest): number | undefined {
    const fallback = this.#metering.outputTokensFallback;
    if (fallback === undefined && choices === 1) return undefined;
    return choices * (fallback ?? outputTokensBound(model) ?? OUTPUT_TOKENS_FALLBACK);
  }

  async #answer(http: HttpRequest, answered: AnsweredCall): Promise<Response> {
    const { call, request, presence } = answered;
    const response = await this.#callProvider(http, answered);
    const { body } = response;
    if (!response.ok) {
      await call.release();
      return response;
    }
    if (body === null) {
      await call.settle({
        usage: { inputTokens: request.inputTokensExpected },
        basis: 'estimated',
      });
      presence.forget();
      return response;
    }
    return isEventStream(response, request)
      ? responseWithBody(response, meteredStream(body, answered))
      : await meteredAnswer(response, body, answered);
  }

  async #callProvider(
    http: HttpRequest,
    { call, request, presence }: AnsweredCall,
  ): Promise<Response> {
    const args = fetchArguments(http, { body: request.text, signal: presence.providerSignal });
    let sending: Promise<Response> | undefined;
    try {
      call.dispatch();
      sending = this.#base(...args);
      return await unlessAborted(sending, presence.providerSignal);
    } catch (error) {
      presence.forget();
      // What was thrown before there was a promise, or failed while connecting, never reached anybody.
      if (sending === undefined || wasNeverSent(error)) await call.release();
      else {
        await call.settle({
          usage: { inputTokens: request.inputTokensExpected },
          basis: 'estimated',
        });
      }
      throw error;
    }
  }
}

/** Servers that stream say so; one that says nothing is believed to do as it was asked. */
function isEventStream(response: Response, request: ModelRequest): boolean {
  const type = response.headers.get('content-type')?.toLowerCase() ?? '';
  return type.includes('text/event-stream') || (request.streams && !type.includes('json'));
}

/** `sending`, or a rejection as soon as `signal` aborts: a `fetch` of the caller's own may not listen to it. */
function unlessAborted(sending: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    sending.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
