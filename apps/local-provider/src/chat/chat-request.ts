/** What the provider needs to know of a chat completion request. */
import type { Content } from '../answer.ts';
import { missingField } from '../api-error.ts';
import { requestedModel } from '../models.ts';
import {
  asArray,
  asObject,
  type JsonObject,
  optionalInteger,
  servedTier,
} from '../request-fields.ts';
import { schemaInstance } from '../schema-instance.ts';
import { readPrompt } from './read-prompt.ts';

/** OpenAI's bound on `n`. */
const CHOICES_MAX = 128;

export interface ChatRequest {
  readonly model: string;
  readonly serviceTier: string;
  readonly promptTokens: number;
  /** Choices to answer with, 1 or more. */
  readonly choices: number;
  /** Output cap of one choice, tokens; null for none. */
  readonly tokensMax: number | null;
  readonly content: Content;
  /** The tool that is called, with the content as its arguments; null when text is answered. */
  readonly toolName: string | null;
  readonly streams: boolean;
  readonly includesUsage: boolean;
}

/** Reads the body. Throws 400 or 404 in OpenAI's shape. */
export function readChatRequest(body: JsonObject): ChatRequest {
  const model = requestedModel(body);
  if (!Array.isArray(body['messages']) || body['messages'].length === 0) {
    throw missingField('messages');
  }
  const messages: readonly unknown[] = body['messages'];
  const prompt = readPrompt(messages);
  const tool = calledTool(body, messages);
  return {
    model,
    serviceTier: servedTier(body),
    promptTokens: prompt.tokens,
    choices: optionalInteger(body, 'n', { min: 1, max: CHOICES_MAX }) ?? 1,
    tokensMax:
      optionalInteger(body, 'max_completion_tokens', { min: 1 }) ??
      optionalInteger(body, 'max_tokens', { min: 1 }),
    content: content(body, tool, prompt.hash),
    toolName: tool === null ? null : String(tool['name']),
    streams: body['stream'] === true,
    includesUsage: asObject(body['stream_options'])?.['include_usage'] === true,
  };
}

function content(body: JsonObject, tool: JsonObject | null, seed: number): Content {
  if (tool !== null) return { kind: 'json', value: schemaInstance(tool['parameters'] ?? {}) };
  const format = asObject(body['response_format']);
  if (format?.['type'] === 'json_object') return { kind: 'json', value: {} };
  if (format?.['type'] !== 'json_schema') return { kind: 'text', seed };
  const schema = asObject(format['json_schema'])?.['schema'];
  if (schema === undefined) throw missingField('response_format.json_schema.schema');
  return { kind: 'json', value: schemaInstance(schema) };
}

/**
 * The first function tool, or the one `tool_choice` names, when a user spoke last; after a tool's result
 * the answer is text, so that a tool loop ends.
 */
function calledTool(body: JsonObject, messages: readonly unknown[]): JsonObject | null {
  const choice = body['tool_choice'];
  if (choice === 'none' || asObject(messages.at(-1))?.['role'] !== 'user') return null;
  const tools = asArray(body['tools']).map((tool) => asObject(asObject(tool)?.['function']));
  const named = asObject(asObject(choice)?.['function'])?.['name'];
  return tools.find((tool) => tool !== null && [undefined, tool['name']].includes(named)) ?? null;
}
