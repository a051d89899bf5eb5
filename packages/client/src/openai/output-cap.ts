/**
 * The output cap of a request: where each route has it, and how a request gets a smaller one.
 */
import { assert } from '@bursar/core';
import { isObject, type JsonObject, parseJson } from '../http/json-fields.ts';
import type { OpenAiRequest, TextRoute } from './openai-request.ts';

/**
 * The fields in which a route takes the cap of each choice, the one that counts first. Of the two of chat the
 * second is deprecated, and refused by models that reason.
 */
const CAP_FIELDS: Readonly<Record<TextRoute, readonly string[]>> = {
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

/**
 * `request` with a cap, so that all its choices together produce at most `outputTokensMax`. Replaces the cap in
 * every field that has one; a request without any gets the field that counts first.
 */
export function withOutputCap(request: OpenAiRequest, outputTokensMax: number): OpenAiRequest {
  const { route, choices, text } = request;
  const fields = CAP_FIELDS[route];
  const body = parseJson(text);
  assert(isObject(body) && fields[0] !== undefined, 'a request that is capped was read before');
  const cap = Math.floor(outputTokensMax / choices);
  const given = fields.filter((field) => countIn(body, field) !== undefined);
  const capped = (given.length === 0 ? fields.slice(0, 1) : given).map((field) => [field, cap]);
  return {
    ...request,
    outputTokensMax,
    text: JSON.stringify({ ...body, ...Object.fromEntries(capped) }),
  };
}
