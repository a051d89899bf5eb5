/**
 * A `fetch` that meters what goes through it to a provider: before the request leaves,
 * its possible cost is reserved; when the answer comes, its true cost is settled.
 *
 * Works below every SDK and sees each of their retries as the call that it is. Nothing passes unpriced, and
 * nothing passes when Bursar cannot be asked.
 */
import { BursarError, isBursarError } from '@bursar/core';
import { loading } from '../loading.ts';
import { MeteredCall, reserveCall } from '../metered-call.ts';
import type { MeteringContext } from '../metering-context.ts';
import { unitsIn } from '../units.ts';
import { checkUser, type Metering } from '../wrap-options.ts';
import { CallerPresence } from './caller-presence.ts';
import { fetchArguments, type HttpRequest, httpRequestOf, USER_HEADER } from './http-request.ts';
import { contentTypeOf, meteredAnswer } from './metered-answer.ts';
import {
  AnsweredInstead,
  type ModelRequest,
  type ProviderApi,
  type ReadRequest,
  type RouteRule,
} from './provider-api.ts';
import { type AnsweredCall, callProvider, endUnseen, type ProviderCall } from './provider-call.ts';
import type { RefusalReason } from './refusal-reasons.ts';
import { responseWithBody } from './response-with-body.ts';

const loadRefusal = loading(() => import('./refusal-response.ts'));
const loadStream = loading(() => import('./metered-stream.ts'));

/** Where a metered `fetch` keeps the one below it, so that it is not metered twice. */
const BASE = Symbol.for('bursar.base-fetch');

/** `base`, metered. A `base` that is metered already is metered anew, not twice. */
export function meteredFetch(
  api: ProviderApi,
  metering: Metering,
  context: MeteringContext,
  base: typeof fetch,
): typeof fetch {
  const unmetered = (base as { readonly [BASE]?: typeof fetch })[BASE] ?? base;
  const meter = new MeteredFetch(api, metering, context, unmetered);
  const metered: typeof fetch = async (input, init) => {
    try {
      return await meter.send(httpRequestOf(input, init));
    } catch (error) {
      if (!isBursarError(error)) throw error;
      return (await loadRefusal()).bursarErrorResponse(error, api.errors);
    }
  };
  return Object.assign(metered, { [BASE]: unmetered });
}

class MeteredFetch {
  readonly #api: ProviderApi;
  readonly #metering: Metering;
  readonly #context: MeteringContext;
  readonly #base: typeof fetch;

  constructor(api: ProviderApi, metering: Metering, context: MeteringContext, base: typeof fetch) {
    this.#api = api;
    this.#metering = metering;
    this.#context = context;
    this.#base = base;
  }

  async send(http: HttpRequest): Promise<Response> {
    const rule = this.#api.ruleFor(http.method, http.url);
    switch (rule.kind) {
      case 'free':
        return await this.#sendUnmetered(http);
      case 'refused':
        return await this.#sendUnpriced(http, rule.why);
      case 'follow':
        return await this.#follow(http, rule);
      case 'jobs':
        return await this.#seeJobs(http, rule);
      case 'metered': {
        const { user = this.#metering.user } = http;
        if (http.user !== undefined) checkUser(user, USER_HEADER);
        let asked: ReadRequest;
        try {
          asked = await rule.read(http, this.#base);
        } catch (error) {
          if (error instanceof AnsweredInstead) return error.response;
          if (!this.#mayPassUnpriced({ mayBeUnpriced: true }, error)) throw error;
          return await this.#sendUnmetered(http);
        }
        return await this.#sendMetered(http, await this.#priced(http, asked), user);
      }
    }
  }

  /** `asked`, of the model whose price applies. */
  async #priced({ url }: HttpRequest, asked: ReadRequest): Promise<ReadRequest> {
    const { request } = asked;
    const model = await this.#api.pricedModel?.(url, request.model, this.#metering);
    if (model === undefined || model === request.model) return asked;
    return { ...asked, request: { ...request, model } };
  }

  async #sendUnmetered(http: HttpRequest, text?: string): Promise<Response> {
    // Not as a method of this: some runtimes' `fetch` insists on having no owner.
    const base = this.#base;
    return await base(...fetchArguments(http, text === undefined ? {} : { body: text }));
  }

  async #sendUnpriced(
    http: HttpRequest,
    why: () => RefusalReason | Promise<RefusalReason>,
  ): Promise<Response> {
    if (this.#metering.unmeteredRoutes === 'allow') return await this.#sendUnmetered(http);
    const { REFUSAL_REASONS } = await import('./refusal-reasons.ts');
    const place = `${http.method} ${new URL(http.url).pathname}`;
    throw new BursarError('price_unknown', {
      message: `${place} was not sent: ${REFUSAL_REASONS[await why()]}. unmeteredRoutes: 'allow' sends it unmetered.`,
    });
  }

  /** Asks how a call in the background stands, and ends it if it has ended. */
  async #follow(
    http: HttpRequest,
    { id, read }: Extract<RouteRule, { kind: 'follow' }>,
  ): Promise<Response> {
    const followed = this.#context.background.find(id) ?? {
      call: await this.#callOfOthers(),
      read: await read(),
    };
    const presence = new CallerPresence({ signal: http.signal, graceMs: 0 }, this.#context);
    const base = this.#base;
    // Only whoever has paid for it may see it.
    const paid = await this.#withKeyThatPays(http, followed.call);
    const response = await base(...fetchArguments(paid, { signal: presence.providerSignal }));
    if (!response.ok) return response;
    this.#noteUnits(response, followed.call);
    return await answerWith(response, this.#provided(followed.call, followed.read, presence));
  }

  /** Asks how jobs stand, and ends those that have ended. */
  async #seeJobs(
    http: HttpRequest,
    { look }: Extract<RouteRule, { kind: 'jobs' }>,
  ): Promise<Response> {
    const response = await this.#sendUnmetered(http);
    if (!response.ok) return response;
    const { seenJobs } = await import('./call-of-others.ts');
    return await look(response, seenJobs(http, this.#base, this.#metering, this.#context));
  }

  async #callOfOthers(): Promise<AnsweredCall> {
    const { CallOfOthers } = await import('./call-of-others.ts');
    return new CallOfOthers(this.#metering, this.#context);
  }

  async #sendMetered(http: HttpRequest, asked: ReadRequest, user: string): Promise<Response> {
    const { onAbort, drainMsMax } = this.#metering;
    const graceMs = onAbort === 'drain' ? drainMsMax : 0;
    const presence = new CallerPresence({ signal: http.signal, graceMs }, this.#context);
    let reserved: MeteredCall | Response;
    try {
      reserved = await this.#reserve(asked, user, presence, http.signal);
    } catch (error) {
      if (!this.#mayPassUnpriced(asked, error)) throw error;
      return await this.#sendUnmetered(http, asked.request.text);
    }
    if (reserved instanceof Response) return reserved;
    const { clampedTo } = reserved;
    const read = clampedTo === undefined ? asked : await asked.clamping?.withOutputCap(clampedTo);
    const answer = this.#answer(http, this.#provided(reserved, read ?? asked, presence));
    this.#context.unfinished.add(answer);
    return await presence.orLeft(answer);
  }

  /** The call, or the answer to it when it is denied. */
  async #reserve(
    read: ReadRequest,
    user: string,
    presence: CallerPresence,
    signal: AbortSignal | undefined,
  ): Promise<MeteredCall | Response> {
    if (presence.departure !== undefined) throw presence.departure.reason;
    const { request } = read;
    const terms = {
      user,
      model: request.model,
      inputTokens: request.inputTokensMax,
      outputTokensMax: request.outputTokensMax ?? (await this.#fallbackFor(request)),
      choices: request.choices,
      audio: request.audio,
      longCache: request.longCache,
      serviceTier: request.serviceTier,
      otherUnits: request.otherUnits,
      outputTokensMin: this.#leastOutputOf(read),
      many: request.many,
      isJob: request.isJob,
      mayUseOwnKey: this.#metering.ownKey !== undefined && request.isJob !== true,
      signal,
    };
    const reserving = reserveCall(terms, this.#metering, this.#context);
    try {
      const reserved = await presence.orLeft(reserving);
      if (reserved instanceof MeteredCall) return reserved;
      presence.forget();
      const { denialResponse } = await loadRefusal();
      return await denialResponse(reserved, this.#api.errors);
    } catch (error) {
      // Whoever left before the provider was called owes nothing.
      this.#context.unfinished.add(
        reserving.then((late) => (late instanceof MeteredCall ? late.release() : undefined)),
      );
      presence.forget();
      throw error;
    }
  }

  /** Whether a request that has no price, which is what `error` says, is sent all the same. */
  #mayPassUnpriced(
    { mayBeUnpriced = false }: Pick<ReadRequest, 'mayBeUnpriced'>,
    error: unknown,
  ): boolean {
    const isUnpriced = isBursarError(error) && error.code === 'price_unknown';
    return isUnpriced && mayBeUnpriced && this.#metering.unmeteredRoutes === 'allow';
  }

  /** With how much output a request is still to be sent; `undefined`: with no less than it asks for. */
  #leastOutputOf({ clamping }: ReadRequest): number | undefined {
    const { clampMin } = this.#metering;
    return clampMin === undefined ? undefined : clamping?.leastOutput(clampMin);
  }

  /** What to set aside for a request without a cap; for a single choice Bursar knows the model's maximum. */
  async #fallbackFor({ model, choices, many }: ModelRequest): Promise<number | undefined> {
    const fallback = this.#metering.outputTokensFallback;
    if (fallback === undefined && choices === 1 && many === undefined) return undefined;
    const each = fallback ?? (await import('../model-bound.ts')).modelBound(model);
    return many === undefined
      ? choices * each
      : many.outputTokensCapped + many.choicesUncapped * each;
  }

  async #answer(http: HttpRequest, provided: ProviderCall): Promise<Response> {
    const { call, read } = provided;
    const paid = await this.#withKeyThatPays(http, call).catch(async (error: unknown) => {
      await call.release();
      throw error;
    });
    const response = await callProvider(paid, provided, this.#base);
    this.#noteUnits(response, call);
    try {
      return (
        (await this.#ownKeyRejection(response, call)) ?? (await answerWith(response, provided))
      );
    } catch (error) {
      // Whatever went wrong here, no call is left open; one that has ended stays as it is.
      await endUnseen(call, read);
      throw error;
    }
  }

  /** `http`, with the user's own key if that is what pays. */
  async #withKeyThatPays(http: HttpRequest, call: AnsweredCall): Promise<HttpRequest> {
    const { ownKey } = this.#metering;
    if (call.paidBy === undefined || ownKey === undefined) return http;
    const { withOwnKey } = await import('./own-key.ts');
    const { reservation } = call;
    const from = { reservation, api: this.#api, context: this.#context };
    return await withOwnKey(http, call.paidBy, ownKey, from);
  }

  /** The answer to a call whose provider did not take the user's own key; nothing when it did. */
  async #ownKeyRejection(response: Response, call: AnsweredCall): Promise<Response | undefined> {
    if (call.paidBy === undefined || response.ok) return undefined;
    const { rejectionIn, rejectOwnKey } = await import('./own-key.ts');
    const reason = await rejectionIn(response);
    if (reason === undefined) return undefined;
    await call.release();
    throw await rejectOwnKey(call.paidBy, reason, this.#context);
  }

  #noteUnits({ headers }: Response, call: AnsweredCall): void {
    const { unitsHeader } = this.#metering;
    if (unitsHeader !== undefined) call.noteUnits(unitsIn(headers.get(unitsHeader)));
  }

  #provided(call: AnsweredCall, read: ReadRequest, presence: CallerPresence): ProviderCall {
    const { unfinished, background } = this.#context;
    return { call, read, presence, unfinished, background, errors: this.#api.errors };
  }
}

async function answerWith(response: Response, provided: ProviderCall): Promise<Response> {
  const { call, read, presence } = provided;
  const { body } = response;
  if (!response.ok) {
    await call.release();
    return response;
  }
  if (body === null) {
    await endUnseen(call, read);
    presence.forget();
    return response;
  }
  const spent = read.spentAtOnce?.(response);
  if (spent !== undefined) {
    await call.settle(spent);
    return response;
  }
  if (!isEventStream(response, read.request)) {
    return await meteredAnswer(response, body, provided);
  }
  const { meteredStream } = await loadStream();
  return responseWithBody(response, meteredStream(body, await read.readStream(), provided));
}

/** Servers that stream say so; one that says nothing is believed to do as it was asked. */
function isEventStream(response: Response, request: ModelRequest): boolean {
  const type = contentTypeOf(response);
  return type.includes('text/event-stream') || (request.streams && !type.includes('json'));
}
