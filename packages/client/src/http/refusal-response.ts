/**
 * Answers that Bursar gives in the provider's place.
 *
 * Why answers, and why 402: a `fetch` that throws is retried by the openai package and wrapped beyond
 * recognition; 429 is retried by the Vercel AI SDK. 402 and 413 are retried by neither, and
 * `x-should-retry: false` keeps the openai package, and Anthropic's, from retrying the others (measured with
 * openai 7.57, ai 7 and @anthropic-ai/sdk 1.14). Only what fits again by itself, after a known time, is answered
 * with 429, so that SDKs wait and try again.
 */
import type { Denied } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import { statusOfDenial } from '../denial-status.ts';
import { loading } from '../loading.ts';
import type { ErrorBodies } from './provider-api.ts';

const loadRates = loading(() => import('../rate-limit-headers.ts'));

/** The answer to a call that may not be made, with how its tightest rate limit stands if that is why. */
export async function denialResponse(denied: Denied, errors: ErrorBodies): Promise<Response> {
  const body = errors.denied(denied);
  const status = statusOfDenial(denied);
  if (denied.reason !== 'rate_limited') return errorResponse(status, body);
  const headers = (await loadRates()).rateLimitHeaders(denied);
  if (denied.retryAfterMs === null) return errorResponse(status, body, headers);
  // In whole seconds for everybody, and exactly for those who understand it.
  return jsonResponse(status, body, {
    ...headers,
    'retry-after-ms': String(Math.ceil(denied.retryAfterMs)),
  });
}

/** The end of a stream that may not go on: an event that SDKs throw as an error. */
export function denialEvent(denied: Denied, errors: ErrorBodies): string {
  return `event: error\ndata: ${JSON.stringify(errors.denied(denied))}\n\n`;
}

/** The answer when Bursar could not decide. */
export function bursarErrorResponse(error: BursarError, errors: ErrorBodies): Response {
  return errorResponse(error.status, errors.failed(error));
}

/** An answer that is not to be asked for again. */
function errorResponse(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonResponse(status, body, { ...headers, 'x-should-retry': 'false' });
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
