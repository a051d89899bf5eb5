/** What the provider needs to know of a request to the Messages API. */
import type { Content } from '../answer.ts';
import { ApiError, invalidField } from '../api-error.ts';
import { asArray, asObject, type JsonObject, optionalInteger } from '../request-fields.ts';
import { schemaInstance } from '../schema-instance.ts';
import { type Reading, readText, startReading } from '../words.ts';

export interface MessagesRequest {
  readonly model: string;
  readonly promptTokens: number;
  readonly content: Content;
  /** The tool that is called, with the content as its input; null when text is answered. */
  readonly toolName: string | null;
  readonly streams: boolean;
  /** Whether what is written to the cache is kept for an hour. */
  readonly cachesLong: boolean;
}

/** Reads the body. Throws 400 or 404. */
export function readMessagesRequest(body: JsonObject): MessagesRequest {
  const { model } = body;
  if (typeof model !== 'string' || model === '') throw required('model');
  if (!model.startsWith('claude-')) throw new ApiError(`model: ${model}`, { status: 404 });
  if (!Array.isArray(body['messages']) || body['messages'].length === 0) throw required('messages');
  const reading = readPrompt(body);
  const tool = calledTool(body);
  return {
    model,
    promptTokens: reading.tokens,
    content:
      tool === null
        ? { kind: 'text', seed: reading.hash }
        : { kind: 'json', value: schemaInstance(tool['input_schema'] ?? {}) },
    toolName: tool === null ? null : String(tool['name']),
    streams: body['stream'] === true,
    cachesLong: JSON.stringify(body).includes('"ttl":"1h"'),
  };
}

/** The output cap, which must be there. */
export function tokensMax(body: JsonObject): number {
  const max = optionalInteger(body, 'max_tokens', { min: 1 });
  if (max === null) throw required('max_tokens');
  return max;
}

function required(field: string): ApiError {
  return new ApiError(`${field}: Field required`, { status: 400 });
}

/** Reads the system prompt, texts, inputs of earlier tool calls and results of tools. Images have no tokens here. */
function readPrompt(body: JsonObject): Reading {
  const reading = startReading();
  readContent(reading, body['system']);
  for (const message of asArray(body['messages'])) {
    const { role, content } = asObject(message) ?? {};
    if (role !== 'user' && role !== 'assistant') throw invalidField('messages', 'known roles');
    readContent(reading, content);
  }
  return reading;
}

function readContent(reading: Reading, content: unknown): void {
  if (typeof content === 'string') readText(reading, content);
  for (const block of asArray(content)) {
    const { text, input, content: result } = asObject(block) ?? {};
    if (typeof text === 'string') readText(reading, text);
    if (input !== undefined) readText(reading, JSON.stringify(input));
    readContent(reading, result);
  }
}

/** The first tool, or the one that is asked for, unless the last message brings a tool's result. */
function calledTool(body: JsonObject): JsonObject | null {
  const choice = asObject(body['tool_choice']);
  const last = asObject(asArray(body['messages']).at(-1))?.['content'];
  const hasResult = asArray(last).some((block) => asObject(block)?.['type'] === 'tool_result');
  if (choice?.['type'] === 'none' || hasResult) return null;
  const tools = asArray(body['tools']).map(asObject);
  const named = choice?.['name'];
  return tools.find((tool) => tool !== null && [undefined, tool['name']].includes(named)) ?? null;
}
