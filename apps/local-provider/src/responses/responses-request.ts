/** What the provider needs to know of a Responses request. */
import type { Content } from '../answer.ts';
import { ApiError, invalidField, missingField } from '../api-error.ts';
import { requestedModel } from '../models.ts';
import { asObject, type JsonObject, optionalInteger, servedTier } from '../request-fields.ts';
import { schemaInstance } from '../schema-instance.ts';
import { readInput } from './read-input.ts';
import type { ResponseStore } from './response-store.ts';

/** OpenAI's lower bound of `max_output_tokens` is 16; tests want smaller answers, so it is 1 here. */
const TOKENS_MAX_MIN = 1;

export interface ResponsesRequest {
  readonly model: string;
  readonly serviceTier: string;
  /** Includes the conversation that `previous_response_id` continues. */
  readonly promptTokens: number;
  readonly tokensMax: number | null;
  readonly content: Content;
  readonly streams: boolean;
  readonly runsInBackground: boolean;
  readonly isStored: boolean;
  /** Fields that the response repeats as they were sent. */
  readonly repeated: JsonObject;
}

/** Reads the body. Throws 400 or 404 in OpenAI's shape. */
export function readResponsesRequest(body: JsonObject, store: ResponseStore): ResponsesRequest {
  const model = requestedModel(body);
  const { input } = body;
  if (input === undefined || input === null) throw missingField('input');
  if (typeof input !== 'string' && !Array.isArray(input)) {
    throw invalidField('input', 'a string or an array');
  }
  const runsInBackground = body['background'] === true;
  const isStored = body['store'] !== false;
  if (runsInBackground && !isStored) throw invalidField('store', 'true with background');
  const reading = readInput(body);
  return {
    model,
    serviceTier: servedTier(body),
    promptTokens: earlierTokens(body, store) + reading.tokens,
    tokensMax: optionalInteger(body, 'max_output_tokens', { min: TOKENS_MAX_MIN }),
    content: content(body, reading.hash),
    streams: body['stream'] === true,
    runsInBackground,
    isStored,
    repeated: repeatedFields(body),
  };
}

function content(body: JsonObject, seed: number): Content {
  const format = asObject(asObject(body['text'])?.['format']);
  if (format?.['type'] === 'json_object') return { kind: 'json', value: {} };
  if (format?.['type'] !== 'json_schema') return { kind: 'text', seed };
  if (format['schema'] === undefined) throw missingField('text.format.schema');
  return { kind: 'json', value: schemaInstance(format['schema']) };
}

function earlierTokens(body: JsonObject, store: ResponseStore): number {
  const id = body['previous_response_id'] ?? null;
  if (id === null) return 0;
  if (typeof id !== 'string') throw invalidField('previous_response_id', 'a string');
  const previous = store.find(id);
  if (previous !== null) return previous.contextTokens;
  throw new ApiError(`Previous response with id '${id}' not found.`, {
    status: 400,
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  });
}

function repeatedFields(body: JsonObject): JsonObject {
  return {
    background: body['background'] ?? false,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    metadata: body['metadata'] ?? {},
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: body['previous_response_id'] ?? null,
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
  };
}
