/** The output cap of a request, and where each route has it. */
import type { JsonObject } from '../http/json-fields.ts';
import type { OpenAiRequest, TextRoute } from './openai-request.ts';

/**
 * The fields in which a route takes the cap of each choice, the one that counts first. Of the two of chat the
 * second is deprecated, and refused by models that reason.
 */
export const CAP_FIELDS: Readonly<Record<TextRoute, readonly string[]>> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  compact: [],
  completions: ['max_tokens'],
  embeddings: [],
};

/** Smaller caps are refused by the route. OpenAI API reference, 2026-11-23. */
const CAP_MIN: Readonly<Record<TextRoute, number>> = {
  chat: 1,
  responses: 16,
  compact: 1,
  completions: 1,
  embeddings: 1,
};

/** The cap of one choice that `body` sets; `undefined` when it sets none. */
export function capIn(route: TextRoute, body: JsonObject): number | undefined {
  return CAP_FIELDS[route].map((field) => countIn(body, field)).find((cap) => cap !== undefined);
}

/** A count; anything else is left to the provider to refuse. */
export function countIn(body: JsonObject, field: string): number | undefined {
  const value = body[field];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * The least output of all choices together that is of use to a request whose caller wants at least
 * `eachMin` tokens of each.
 */
export function leastOutput({ route, choices }: OpenAiRequest, eachMin: number): number {
  return Math.max(eachMin, CAP_MIN[route]) * choices;
}
