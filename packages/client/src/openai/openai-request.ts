/**
 * What has to be known of a request to a model before it is sent: the model, the most it may use, and
 * whether its answer will say what it did use. A request that cannot be read is not sent.
 */
import { serviceTierOfOpenAi } from '@bursar/core';
import { inputSizeOf } from '../http/input-size.ts';
import { jsonBody, modelNamed } from '../http/json-body.ts';
import type { ModelRequest } from '../http/provider-api.ts';
import { refuseTag } from '../http/tag-field.ts';
import { arrayOf, isObject, type JsonObject } from '../http/json-fields.ts';
import { OPENAI_INPUT } from './medium.ts';
import type { MeteredRoute } from './openai-routes.ts';
import { capIn, countIn } from './output-cap.ts';

/** The routes whose requests are JSON and whose answers are text, or vectors of it. */
export type TextRoute = Extract<
  MeteredRoute,
  'chat' | 'responses' | 'compact' | 'completions' | 'embeddings'
>;

/** A request to a model. */
export interface OpenAiRequest extends ModelRequest {
  readonly route: TextRoute;
  /** Answered later, out of sight of this request. */
  readonly isBackground: boolean;
  /** The caller's JSON text, or the same with usage asked for. */
  readonly text: string;
  /** The caller did not ask for usage, so that its chunk must not reach them. */
  readonly hidesUsage: boolean;
}

/** The request to `route` with the JSON body `text`. Throws `input_invalid` for what cannot be priced. */
export function modelRequestOf(route: TextRoute, text: string): OpenAiRequest {
  const body = jsonBody(text);
  const model = modelNamed(body);
  if (route === 'responses') refuseTag(body);
  const size = inputSizeOf(text, body, { model, rules: OPENAI_INPUT });
  const streams = body['stream'] === true;
  const hidesUsage =
    (route === 'chat' || route === 'completions') && streams && !asksForUsage(body);
  return {
    route,
    model,
    inputTokensMax: size.upperBound,
    inputTokensExpected: size.expected,
    outputTokensMax: outputCap(route, body),
    choices: choicesOf(route, body),
    audio: size.hasAudio || arrayOf(body['modalities']).includes('audio'),
    longCache: text.includes(LONG_CACHE),
    serviceTier: serviceTierOfOpenAi(body),
    streams,
    isBackground: route === 'responses' && body['background'] === true,
    text: hidesUsage ? withUsageAskedFor(text, body) : text,
    hidesUsage,
  };
}

/** The lifetime that may stand in several places of a request; in a prompt it only makes the call look dearer. */
const LONG_CACHE = '"12h"';

/** Answers that are produced, asked for or not; each may use the whole cap. */
function choicesOf(route: TextRoute, body: JsonObject): number {
  if (route === 'chat') return countIn(body, 'n') ?? 1;
  if (route !== 'completions') return 1;
  const each = Math.max(countIn(body, 'n') ?? 1, countIn(body, 'best_of') ?? 1);
  return each * promptsIn(body['prompt']);
}

/** Texts, or texts as token numbers, that are each completed; one text may be a string or an array of numbers. */
function promptsIn(prompt: unknown): number {
  const prompts = arrayOf(prompt);
  return typeof prompts[0] === 'number' ? 1 : Math.max(1, prompts.length);
}

/** What the legacy completions produce at most when a request does not say. OpenAI API reference, 2026-11-30. */
const COMPLETION_TOKENS_USUAL = 16;

function outputCap(route: TextRoute, body: JsonObject): number | undefined {
  if (route === 'embeddings') return 0;
  const cap = capIn(route, body) ?? (route === 'completions' ? COMPLETION_TOKENS_USUAL : undefined);
  return cap === undefined ? undefined : cap * choicesOf(route, body);
}

function asksForUsage(body: JsonObject): boolean {
  return streamOptions(body)['include_usage'] === true;
}

/** Without parsing and writing the whole body again, which may be long and whose numbers would change. */
function withUsageAskedFor(text: string, body: JsonObject): string {
  if ('stream_options' in body) {
    const options = { ...streamOptions(body), include_usage: true };
    return JSON.stringify({ ...body, stream_options: options });
  }
  return text.replace('{', '{"stream_options":{"include_usage":true},');
}

function streamOptions(body: JsonObject): JsonObject {
  const options = body['stream_options'];
  return isObject(options) ? options : {};
}
