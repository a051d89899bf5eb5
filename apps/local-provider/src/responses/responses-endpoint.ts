/** `POST /v1/responses`, `GET /v1/responses/{id}` and `POST /v1/responses/{id}/cancel`. */
import { type Answer, outputTokens, planAnswer, wholeText } from '../answer.ts';
import { ApiError } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import type { JsonObject } from '../request-fields.ts';
import { finishedResponse, openResponse, type ResponseIdentity } from './response-object.ts';
import type { ResponseStore } from './response-store.ts';
import { streamResponse } from './response-stream.ts';
import { readResponsesRequest } from './responses-request.ts';

/**
 * Answers a request: streamed, whole, or queued. A background response is worked on at once, and its
 * tokens are billed to the call that created it, whether or not anybody fetches it.
 */
export async function createResponse(
  exchange: Exchange,
  body: JsonObject,
  store: ResponseStore,
): Promise<void> {
  const request = readResponsesRequest(body, store);
  const identity: ResponseIdentity = {
    responseId: exchange.newId('resp_'),
    messageId: exchange.newId('msg_'),
    createdAt: Math.floor(exchange.call.arrivedAtMs / 1000),
    request,
  };
  exchange.accept(request.promptTokens);
  const answer = planAnswer(request.content, request.tokensMax, exchange.script);
  const contextTokens = request.promptTokens + answer.visibleTokens;
  if (request.streams) {
    // Whoever leaves a stream in the background can ask for its result, for it goes on.
    if (request.runsInBackground) keepUnheard(exchange, identity, answer, store);
    const finished = await streamResponse(exchange, identity, answer);
    if (request.isStored)
      store.keep(identity.responseId, { ...finished, identity, answer, contextTokens });
    return;
  }
  exchange.generate({ tokens: outputTokens(answer), reasoningTokens: answer.reasoningTokens });
  const usage = exchange.usage();
  const finished = finishedResponse(identity, answer, { text: wholeText(answer), usage });
  if (request.isStored)
    store.keep(identity.responseId, { body: finished, usage, identity, answer, contextTokens });
  if (request.runsInBackground) exchange.answer(openResponse(identity, 'queued'), null);
  else exchange.answer(finished, usage);
}

/** Keeps the result of a response in the background as it will be. */
function keepUnheard(
  exchange: Exchange,
  identity: ResponseIdentity,
  answer: Answer,
  store: ResponseStore,
): void {
  const { promptTokens, cachedTokens } = exchange.call;
  const { reasoningTokens, visibleTokens } = answer;
  const usage = {
    promptTokens,
    cachedTokens,
    outputTokens: outputTokens(answer),
    reasoningTokens,
  };
  const body = finishedResponse(identity, answer, { text: wholeText(answer), usage });
  const contextTokens = promptTokens + visibleTokens;
  store.keep(identity.responseId, { body, usage, identity, answer, contextTokens });
}

/** Cancels a response in the background, which has used what it had produced by then: here, all of it. */
export function cancelResponse(exchange: Exchange, id: string, store: ResponseStore): void {
  const stored = store.find(id);
  if (stored === null) throw new ApiError(`Response with id '${id}' not found.`, { status: 404 });
  exchange.answer({ ...stored.body, status: 'cancelled' }, stored.usage);
}

/** Answers with a stored response, streamed if asked; one that ran in the background is finished by now. */
export async function retrieveResponse(
  exchange: Exchange,
  id: string,
  store: ResponseStore,
): Promise<void> {
  const stored = store.find(id);
  if (stored === null) throw new ApiError(`Response with id '${id}' not found.`, { status: 404 });
  if (exchange.query.get('stream') !== 'true') {
    exchange.answer(stored.body, stored.usage);
    return;
  }
  const { identity, answer, usage } = stored;
  const after = Number(exchange.query.get('starting_after') ?? -1);
  await streamResponse(exchange, identity, answer, { usage, after });
}
