/**
 * What a stream has told so far about its usage: a pure reducer over the data of its events.
 *
 * Two sources: what the provider reports, which comes at the end if it comes at all, and what is counted
 * from the pieces of text on the way. Reasoning is invisible to the count, so that a counted settlement of a
 * reasoning model is too low; nothing but the provider's report can tell.
 */
import { addUsage, toolUsageFromOpenAi, type Usage, usageFromOpenAi } from '@bursar/core';
import type { Spent } from '../metered-call.ts';
import type { ModelRequest } from './openai-request.ts';
import { NO_TEXT, type StreamedText, streamedTokens, withDelta } from './text-tokens.ts';

type Event = Readonly<Record<string, unknown>>;

/** What is known of a stream. */
export interface StreamReading {
  readonly text: StreamedText;
  /** The newest report; some servers send one with each chunk. */
  readonly reported: Usage | undefined;
  /** The model that answers. */
  readonly model: string | undefined;
  /** Nothing about usage comes after this. */
  readonly isComplete: boolean;
}

/** Nothing read yet. */
export const NOTHING_READ: StreamReading = {
  text: NO_TEXT,
  reported: undefined,
  model: undefined,
  isComplete: false,
};

/** The data that ends a chat stream. */
const DONE = '[DONE]';
/** Events whose `delta` is no text. */
const UNCOUNTED_DELTAS = /audio/;
const END_OF_RESPONSE = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** `data` as an event; `undefined` for what is none, such as `[DONE]`. */
export function parseEvent(data: string): Event | undefined {
  if (data === DONE) return undefined;
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === 'object' && event !== null ? (event as Event) : undefined;
  } catch {
    return undefined;
  }
}

/** `reading` after one more event with `data`, parsed `event`. */
export function afterEvent(
  reading: StreamReading,
  data: string,
  event: Event | undefined,
): StreamReading {
  if (event === undefined) return data === DONE ? { ...reading, isComplete: true } : reading;
  return typeof event['type'] === 'string' && event['type'].startsWith('response.')
    ? afterResponseEvent(reading, event, event['type'])
    : afterChatChunk(reading, event);
}

/** Whether `event` is the chunk that only exists because usage was asked for. */
export function isUsageChunk(event: Event): boolean {
  return isObject(event['usage']) && Array.isArray(event['choices']) && event['choices'].length === 0;
}

/** What the stream cost: as reported, or else as counted, with the input guessed at. */
export function spentIn(reading: StreamReading, request: ModelRequest): Spent {
  const { reported, model } = reading;
  if (reported !== undefined) return { usage: reported, basis: 'reported', model };
  const usage = {
    inputTokens: request.inputTokensExpected,
    outputTokens: streamedTokens(reading.text),
  };
  return { usage, basis: 'counted', model };
}

function afterChatChunk(reading: StreamReading, chunk: Event): StreamReading {
  let { text } = reading;
  for (const choice of arrayOf(chunk['choices'])) text = withChatDelta(text, fieldOf(choice, 'delta'));
  return {
    text,
    reported: usageFromOpenAi(chunk['usage']) ?? reading.reported,
    model: modelOf(chunk) ?? reading.model,
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

function afterResponseEvent(reading: StreamReading, event: Event, type: string): StreamReading {
  const isCounted = type.endsWith('.delta') && !UNCOUNTED_DELTAS.test(type);
  const response = event['response'];
  const isEnd = END_OF_RESPONSE.has(type);
  const reported = isEnd ? usageOfResponse(response) : undefined;
  return {
    text: isCounted ? withDelta(reading.text, stringOf(event['delta'])) : reading.text,
    reported: reported ?? reading.reported,
    model: modelOf(response) ?? reading.model,
    isComplete: reading.isComplete || isEnd,
  };
}

/** The usage in the body of an answer, with the calls of hosted tools. */
export function usageOfResponse(response: unknown): Usage | undefined {
  const usage = usageFromOpenAi(fieldOf(response, 'usage'));
  return usage && addUsage(usage, toolUsageFromOpenAi(response));
}

/** A model's name that can be booked; providers may answer with anything. */
export function modelOf(answer: unknown): string | undefined {
  const model = fieldOf(answer, 'model');
  return typeof model === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/.test(model)
    ? model
    : undefined;
}

function isObject(value: unknown): value is Event {
  return typeof value === 'object' && value !== null;
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
