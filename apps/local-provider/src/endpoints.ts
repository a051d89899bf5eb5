/** Which endpoint answers which method and path. */
import { ApiError } from './api-error.ts';
import { answerSpeech } from './audio/speech.ts';
import { answerTranscription } from './audio/transcription.ts';
import { answerChat } from './chat/chat-endpoint.ts';
import { answerCompletions } from './completions.ts';
import { answerEmbeddings } from './embeddings.ts';
import type { Exchange } from './exchange.ts';
import { answerImages } from './images.ts';
import { answerMessages, countTokens } from './messages/messages-endpoint.ts';
import { modelList } from './models.ts';
import { answerModerations } from './moderations.ts';
import type { JsonObject } from './request-fields.ts';
import {
  cancelResponse,
  createResponse,
  retrieveResponse,
} from './responses/responses-endpoint.ts';
import type { ResponseStore } from './responses/response-store.ts';

/** Answers a call whose body, for POST, has been parsed. */
type Endpoint = (exchange: Exchange, body: JsonObject) => void | Promise<void>;

/** Finds the endpoint of a request. Throws 404 when there is none. */
export type FindEndpoint = (method: string, path: string) => Endpoint;

const RESPONSE_PATH = '/v1/responses/';
const CANCEL_PATH = /^\/v1\/responses\/([^/]+)\/cancel$/;

/** The endpoints of one provider, which share its stored responses. */
export function createEndpoints(store: ResponseStore): FindEndpoint {
  const endpoints: Record<string, Endpoint> = {
    'POST /v1/chat/completions': answerChat,
    'POST /v1/responses': (exchange, body) => createResponse(exchange, body, store),
    'POST /v1/embeddings': answerEmbeddings,
    'POST /v1/completions': answerCompletions,
    'POST /v1/images/generations': (exchange, body) =>
      answerImages(exchange, body, 'image_generation'),
    'POST /v1/images/edits': (exchange, body) => answerImages(exchange, body, 'image_edit'),
    'POST /v1/audio/speech': answerSpeech,
    'POST /v1/audio/transcriptions': answerTranscription,
    'POST /v1/audio/translations': answerTranscription,
    'POST /v1/moderations': answerModerations,
    'POST /v1/messages': answerMessages,
    'POST /v1/messages/count_tokens': countTokens,
    'GET /v1/models': (exchange) => exchange.answer(modelList(), null),
  };
  return (method, path) => {
    const endpoint = endpoints[`${method} ${path}`];
    if (endpoint !== undefined) return endpoint;
    if (method === 'GET' && path.startsWith(RESPONSE_PATH)) {
      const id = path.slice(RESPONSE_PATH.length);
      return (exchange) => retrieveResponse(exchange, id, store);
    }
    const cancelled = method === 'POST' ? CANCEL_PATH.exec(path)?.[1] : undefined;
    if (cancelled !== undefined) return (exchange) => cancelResponse(exchange, cancelled, store);
    throw new ApiError(`Invalid URL (${method} ${path})`, { status: 404 });
  };
}
