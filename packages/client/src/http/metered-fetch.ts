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
import { MeteredCall, reserveCall } from '../metered-call.ts';
import type { MeteringContext } from '../metering-context.ts';
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
import { meteredStream } from './metered-stream.ts';
import { type ModelRequest, modelRequestOf } from './openai-request.ts';
import { routeOf } from './openai-routes.ts';
import { leastOutput, withOutputCap } from './output-cap.ts';
import { callProvider, type ProviderCall, spentUnseen } from './provider-call.ts';
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
  const meter = new MeteredFetch(metering, context, unmetered);
  const metered: typeof fetch = async (input, init) => {
    try {
      return await meter.send(httpRequestOf(input, init));
    } catch (error) {
      if (isBursarError(error)) return bursarErrorResponse(error);
      throw error;
    }
  };
  return Object.assign(metered, { [BASE]: unmetered });
}

class MeteredFetch {
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
    if (route === 'free') return await this.#sendUnmetered(http);
    if (route === 'unknown') return await this.#sendUnpriced(http, 'this route');
    const user = http.user === undefined ? this.#metering.user : checkUser(http.user, USER_HEADER);
    const request = modelRequestOf(route, await bodyText(http));
    if (!request.isBackground) return await this.#sendMetered(http, request, user);
    return await this.#sendUnpriced(http, 'a background response', request.text);
  }

  async #sendUnmetered(http: HttpRequest, body?: string): Promise<Response> {
    // Not as a method of this: some runtimes' `fetch` insists on having no owner.
    const base = this.#base;
    return await base(...fetchArguments(http, body === undefined ? {} : { body }));
  }

  async #sendUnpriced(http: HttpRequest, what: string, body?: string): Promise<Response> {
    if (this.#metering.unmeteredRoutes === 'allow') return await this.#sendUnmetered(http, body);
    const place = `${http.method} ${new URL(http.url).pathname}`;
    throw new BursarError('price_unknown', {
      message: `Bursar has no rule for what ${what} costs (${place}), so it was not sent; unmeteredRoutes: 'allow' sends it unmetered.`,
    });
  }

  async #sendMetered(http: HttpRequest, asked: ModelRequest, user: string): Promise<Response> {
    const { onAbort, drainMsMax } = this.#metering;
    const graceMs = onAbort === 'drain' ? drainMsMax : 0;
    const presence = new CallerPresence({ signal: http.signal, graceMs }, this.#context);
    const reserved = await this.#reserve(asked, user, presence);
    if (reserved instanceof Response) return reserved;
    const { clampedTo } = reserved;
    const request = clampedTo === undefined ? asked : withOutputCap(asked, clampedTo);
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
    if (presence.departure !== undefined) throw presence.departure.reason;
    const terms = {
      user,
      model: request.model,
      inputTokens: request.inputTokensMax,
      outputTokensMax: request.outputTokensMax ?? this.#fallbackFor(request),
      choices: request.choices,
      audio: request.audio,
      longCache: request.longCache,
      serviceTier: request.serviceTier,
      outputTokensMin: this.#leastOutputOf(request),
    };
    const reserving = reserveCall(terms, this.#metering, this.#context);
    try {
      const reserved = await presence.orLeft(reserving);
      if (reserved instanceof MeteredCall) return reserved;
      presence.forget();
      return denialResponse(reserved);
    } catch (error) {
      // Whoever left before the provider was called owes nothing.
      this.#context.unfinished.add(
        reserving.then((late) => (late instanceof MeteredCall ? late.release() : undefined)),
      );
      presence.forget();
      throw error;
    }
  }

  /** With how much output a request is still to be sent; a request that can have none has nothing to clamp. */
  #leastOutputOf(request: ModelRequest): number | undefined {
    const { clampMin } = this.#metering;
    if (clampMin === undefined || request.outputTokensMax === 0) return undefined;
    return leastOutput(request, clampMin);
  }

  /** What to set aside for a request without a cap; for a single choice Bursar knows the model's maximum. */
  #fallbackFor({ model, choices }: ModelRequest): number | undefined {
    const fallback = this.#metering.outputTokensFallback;
    if (fallback === undefined && choices === 1) return undefined;
    return choices * (fallback ?? outputTokensBound(model) ?? OUTPUT_TOKENS_FALLBACK);
  }

  async #answer(http: HttpRequest, provided: ProviderCall): Promise<Response> {
    const { call, request } = provided;
    const response = await callProvider(http, provided, this.#base);
    try {
      return await answerWith(response, provided);
    } catch (error) {
      // Whatever went wrong here, no call is left open; one that has ended stays as it is.
      await call.settle(spentUnseen(request));
      throw error;
    }
  }
}

async function answerWith(response: Response, provided: ProviderCall): Promise<Response> {
  const { call, request, presence } = provided;
  const { body } = response;
  if (!response.ok) {
    await call.release();
    return response;
  }
  if (body === null) {
    await call.settle(spentUnseen(request));
    presence.forget();
    return response;
  }
  return isEventStream(response, request)
    ? responseWithBody(response, meteredStream(body, provided))
    : await meteredAnswer(response, body, provided);
}

/** Servers that stream say so; one that says nothing is believed to do as it was asked. */
function isEventStream(response: Response, request: ModelRequest): boolean {
  const type = response.headers.get('content-type')?.toLowerCase() ?? '';
  return type.includes('text/event-stream') || (request.streams && !type.includes('json'));
}
