/**
 * What a stream has told so far about its usage: a pure reducer over the data of its events.
 *
 * Two sources: what the provider reports, which comes at the end if it comes at all, and what is counted
 * from the pieces of text on the way. Reasoning is invisible to the count, so that a counted settlement of a
 * reasoning model is too low; nothing but the provider's report can tell.
 */
import { type ServiceTier, serviceTierOfOpenAi, type Usage, usageFromOpenAi } from '@bursar/core';
import type { Spent } from '../call-terms.ts';
import {
  arrayOf,
  fieldOf,
  isObject,
  type JsonObject,
  parseJson,
  stringOf,
} from '../http/json-fields.ts';
import type { ModelRequest } from '../http/provider-api.ts';
import { NO_TEXT, type StreamedText, streamedTokens, withDelta } from '../http/text-tokens.ts';
import { modelOf, usageOf } from './usage-from-answer.ts';

/** What is known of a stream. */
export interface StreamReading {
  readonly text: StreamedText;
  /** The newest report; some servers send one with each chunk. */
  readonly reported: Usage | undefined;
  /** The model that answers. */
  readonly model: string | undefined;
  /** How the provider says it serves the call; the last one counts, for the first may be what was asked for. */
  readonly serviceTier: ServiceTier | undefined;
  /** Nothing about usage comes after this. */
  readonly isComplete: boolean;
}

/** Nothing read yet. */
export const NOTHING_READ: StreamReading = {
  text: NO_TEXT,
  reported: undefined,
  model: undefined,
  serviceTier: undefined,
  isComplete: false,
};

/** The data that ends a chat stream. */
const DONE = '[DONE]';
const END_OF_RESPONSE = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** `data` as an event; `undefined` for what is none, such as `[DONE]`. */
export function parseEvent(data: string): JsonObject | undefined {
  const event = data === DONE ? undefined : parseJson(data);
  return isObject(event) ? event : undefined;
}

/** `reading` after one more event, with `data`, parsed `event`. */
export function afterEvent(
  reading: StreamReading,
  data: string,
  event: JsonObject | undefined,
): StreamReading {
  if (event === undefined) return data === DONE ? { ...reading, isComplete: true } : reading;
  const type = stringOf(event['type']);
  return type.startsWith('response.')
    ? afterResponseEvent(reading, event, type)
    : afterChatChunk(reading, event);
}

/** Whether `event` is the chunk that only exists because usage was asked for. */
export function isUsageChunk(event: JsonObject): boolean {
  const choices = event['choices'];
  return isObject(event['usage']) && Array.isArray(choices) && choices.length === 0;
}

/** What the stream cost: as reported, or else as counted, with the input guessed at. */
export function spentIn(reading: StreamReading, request: ModelRequest): Spent {
  const { reported, model, serviceTier = request.serviceTier } = reading;
  if (reported !== undefined) return { usage: reported, basis: 'reported', model, serviceTier };
  const usage = {
    inputTokens: request.inputTokensExpected,
    outputTokens: streamedTokens(reading.text),
  };
  return { usage, basis: 'counted', model, serviceTier };
}

function afterChatChunk(reading: StreamReading, chunk: JsonObject): StreamReading {
  let { text } = reading;
  for (const choice of arrayOf(chunk['choices'])) {
    text = withChatDelta(text, fieldOf(choice, 'delta'));
    // Legacy completions.
    text = withDelta(text, stringOf(fieldOf(choice, 'text')));
  }
  return {
    text,
    reported: usageFromOpenAi(chunk['usage']) ?? reading.reported,
    model: reading.model ?? modelOf(chunk),
    serviceTier: serviceTierOfOpenAi(chunk) ?? reading.serviceTier,
    isComplete: reading.isComplete || isUsageChunk(chunk),
  };
}

/** Adds what a choice said: text, a refusal, reasoning (of servers that show it), arguments of tools. */
function withChatDelta(text: StreamedText, delta: unknown): StreamedText {
  let next = text;
  for (const name of ['content', 'refusal', 'reasoning', 'reasoning_content']) {
    next = withDelta(next, stringOf(fieldOf(delta, name)));
  }
  for (const call of arrayOf(fieldOf(delta, 'tool_calls'))) {
    next = withDelta(next, stringOf(fieldOf(fieldOf(call, 'function'), 'arguments')));
  }
  return next;
}

function afterResponseEvent(
  reading: StreamReading,
  event: JsonObject,
  type: string,
): StreamReading {
  const response = event['response'];
  const isEnd = END_OF_RESPONSE.has(type);
  // Sound comes in deltas too, as base64.
  const isText = type.endsWith('.delta') && !type.includes('audio');
  return {
    text: isText ? withDelta(reading.text, stringOf(event['delta'])) : reading.text,
    reported: (isEnd ? usageOf(response) : undefined) ?? reading.reported,
    model: reading.model ?? modelOf(response),
    serviceTier: serviceTierOfOpenAi(response) ?? reading.serviceTier,
    isComplete: reading.isComplete || isEnd,
  };
}
