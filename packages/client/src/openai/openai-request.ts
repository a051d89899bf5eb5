/**
 * What has to be known of a request to a model before it is sent: the model, the most it may use, and
 * whether its answer will say what it did use. A request that cannot be read is not sent.
 */
import { BursarError, type ServiceTier, serviceTierOfOpenAi } from '@bursar/core';
import { inputSizeOf } from './input-size.ts';
import { arrayOf, isObject, type JsonObject, parseJson } from './json-fields.ts';
import type { MeteredRoute } from './openai-routes.ts';
import { capIn, countIn } from './output-cap.ts';

/** A request to a model. */
export interface ModelRequest {
  readonly route: MeteredRoute;
  readonly model: string;
  /** Upper bound. */
  readonly inputTokensMax: number;
  /** A guess. */
  readonly inputTokensExpected: number;
  /** Cap of all choices together; `undefined` when the request sets none. */
  readonly outputTokensMax: number | undefined;
  /** Answers asked for at once. */
  readonly choices: number;
  /** Whether audio goes in or comes out. */
  readonly audio: boolean;
  /** Whether the prompt may be cached for the longer time, which costs more to write. */
  readonly longCache: boolean;
  /** The service tier asked for; `undefined` when none is. */
  readonly serviceTier: ServiceTier | undefined;
  readonly streams: boolean;
  /** Answered later, out of sight of this request. */
  readonly isBackground: boolean;
  /** The JSON text to send: the caller's, or the same with usage asked for. */
  readonly text: string;
  /** The caller did not ask for usage, so that its chunk must not reach them. */
  readonly hidesUsage: boolean;
}

/** The request to `route` with the JSON body `text`. Throws `input_invalid` for what cannot be priced. */
export function modelRequestOf(route: MeteredRoute, text: string): ModelRequest {
  const body = parsed(text);
  const model = body['model'];
  if (typeof model !== 'string' || model === '') {
    throw invalid(
      'model',
      'must be named in the request: without it there is no price to reserve by',
    );
  }
  const size = inputSizeOf(text, body, model);
  const streams = body['stream'] === true;
  const hidesUsage = route === 'chat' && streams && !asksForUsage(body);
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

/** Each choice may use the whole cap. */
function choicesOf(route: MeteredRoute, body: JsonObject): number {
  return route === 'chat' ? (countIn(body, 'n') ?? 1) : 1;
}

function outputCap(route: MeteredRoute, body: JsonObject): number | undefined {
  if (route === 'embeddings') return 0;
  const cap = capIn(route, body);
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

function parsed(text: string): JsonObject {
  const body = parseJson(text);
  if (isObject(body)) return body;
  throw invalid('body', 'must be a JSON object: Bursar has to read the request before it is sent');
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
