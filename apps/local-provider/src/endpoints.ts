/** Which endpoint answers which method and path. */
import { ApiError } from './api-error.ts';
import { answerSpeech } from './audio/speech.ts';
import { answerTranscription } from './audio/transcription.ts';
import type { AnswerLine } from './batches/batch-lines.ts';
import { BatchStore } from './batches/batch-store.ts';
import { createFile, FileStore } from './batches/file-store.ts';
import { answerChat } from './chat/chat-endpoint.ts';
import { answerCompletions } from './completions.ts';
import { answerEmbeddings } from './embeddings.ts';
import type { Exchange } from './exchange.ts';
import { answerImages, answerVariations } from './images.ts';
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

/** Other roots that clients have before the same paths: Azure's, with and without a deployment; Google's; of proxies. */
const ROOT = /^\/(openai\/deployments\/[^/]+|openai\/v1|v1beta\/openai|openai)\//;

/** The endpoints of one provider, which share what it stores. `answerLine` answers a line of a batch. */
export function createEndpoints(store: ResponseStore, answerLine: AnswerLine): FindEndpoint {
  const files = new FileStore();
  const batches = new BatchStore(files);
  const endpoints: Record<string, Endpoint> = {
    'POST /v1/chat/completions': answerChat,
    'POST /v1/responses': (exchange, body) => createResponse(exchange, body, store),
    'POST /v1/embeddings': answerEmbeddings,
    'POST /v1/completions': answerCompletions,
    'POST /v1/images/generations': (exchange, body) =>
      answerImages(exchange, body, 'image_generation'),
    'POST /v1/images/edits': (exchange, body) => answerImages(exchange, body, 'image_edit'),
    'POST /v1/images/variations': answerVariations,
    'POST /v1/audio/speech': answerSpeech,
    'POST /v1/audio/transcriptions': answerTranscription,
    'POST /v1/audio/translations': answerTranscription,
    'POST /v1/moderations': answerModerations,
    'POST /v1/messages': answerMessages,
    'POST /v1/messages/count_tokens': countTokens,
    'POST /v1/files': (exchange, body) => createFile(exchange, body, files),
    'GET /v1/files': (exchange) =>
      exchange.answer({ object: 'list', data: files.list(), has_more: false }, null),
    'POST /v1/batches': (exchange, body) => batches.create(exchange, body, answerLine),
    'GET /v1/batches': (exchange) => batches.list(exchange),
    'GET /v1/models': (exchange) => exchange.answer(modelList(), null),
  };
  /** By id. */
  const single: readonly (readonly [
    RegExp,
    (exchange: Exchange, id: string) => void | Promise<void>,
  ])[] = [
    [/^GET \/v1\/responses\/([^/]+)$/, (exchange, id) => retrieveResponse(exchange, id, store)],
    [
      /^POST \/v1\/responses\/([^/]+)\/cancel$/,
      (exchange, id) => cancelResponse(exchange, id, store),
    ],
    [
      /^GET \/v1\/files\/([^/]+)$/,
      (exchange, id) => exchange.answer(files.find(id).description, null),
    ],
    [
      /^GET \/v1\/files\/([^/]+)\/content$/,
      (exchange, id) =>
        exchange.answerBytes('application/octet-stream', files.find(id).bytes, null),
    ],
    [
      /^DELETE \/v1\/files\/([^/]+)$/,
      (exchange, id) => {
        files.remove(id);
        exchange.answer({ id, object: 'file', deleted: true }, null);
      },
    ],
    [/^GET \/v1\/batches\/([^/]+)$/, (exchange, id) => batches.retrieve(exchange, id)],
    [/^POST \/v1\/batches\/([^/]+)\/cancel$/, (exchange, id) => batches.cancel(exchange, id)],
  ];
  return (method, path) => {
    const request = `${method} ${path.replace(ROOT, '/v1/')}`;
    const endpoint = endpoints[request];
    if (endpoint !== undefined) return endpoint;
    for (const [pattern, answer] of single) {
      const id = pattern.exec(request)?.[1];
      if (id !== undefined) return (exchange) => answer(exchange, id);
    }
    throw new ApiError(`Invalid URL (${method} ${path})`, { status: 404 });
  };
}
