/**
 * Answers that Bursar gives in the provider's place, in OpenAI's error shape, so that every SDK turns them
 * into its own errors.
 *
 * Why answers, and why 402: a `fetch` that throws is retried by the openai package and wrapped beyond
 * recognition; 429 is retried by the Vercel AI SDK. 402 and 413 are retried by neither, and
 * `x-should-retry: false` keeps the openai package from retrying the others (measured with openai 7.57 and
 * ai 7). Only what fits again by itself, after a known time, is answered with 429, so that SDKs wait and try again.
 */
import type { Denied } from '@bursar/api';
import type { BursarError } from '@bursar/core';

/** `error.type` of a refused call. */
export const DENIED_TYPE = 'bursar_denied';
/** `error.type` when Bursar itself could not decide. */
export const BURSAR_ERROR_TYPE = 'bursar_error';

/** The answer to a call that may not be made. */
export function denialResponse(denied: Denied): Response {
  const body = denialBody(denied);
  if (denied.reason !== 'rate_limited' || denied.retryAfterMs === null) {
    return errorResponse(denied.reason === 'request_too_large' ? 413 : 402, body);
  }
  // In whole seconds for everybody, and exactly for those who understand it.
  return jsonResponse(429, body, {
    'retry-after': String(Math.ceil(denied.retryAfterMs / 1_000)),
    'retry-after-ms': String(Math.ceil(denied.retryAfterMs)),
  });
}

/** The end of a stream that may not go on: an event that SDKs throw as an error. */
export function denialEvent(denied: Denied): string {
  return `event: error\ndata: ${JSON.stringify(denialBody(denied))}\n\n`;
}

/** The answer when Bursar could not decide; `error.code` is Bursar's code. */
export function bursarErrorResponse(error: BursarError): Response {
  return errorResponse(error.status, {
    error: {
      message: error.message,
      type: BURSAR_ERROR_TYPE,
      code: error.code,
      param: error.field ?? null,
    },
  });
}

function denialBody(denied: Denied): object {
  return {
    error: {
      message: denied.message,
      type: DENIED_TYPE,
      code: denied.reason,
      param: null,
      bursar: denied,
    },
  };
}

/** An answer that is not to be asked for again. */
function errorResponse(status: number, body: object): Response {
  return jsonResponse(status, body, { 'x-should-retry': 'false' });
}

function jsonResponse(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>>,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
