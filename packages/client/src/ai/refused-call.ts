/** A refused call as an error of the AI SDK. */
import { APICallError } from 'ai';
import type { CallRefused } from '../call-refused.ts';
import { OPENAI_ERRORS } from '../openai/openai-errors.ts';

/** What the AI SDK throws to its caller; only what fits again by itself is tried again. */
export function refusedCall(refused: CallRefused): APICallError {
  const denied = refused.error.bursar;
  const retryAfterMs = denied.reason === 'rate_limited' ? denied.retryAfterMs : null;
  return new APICallError({
    message: denied.message,
    url: 'bursar:denied',
    requestBodyValues: {},
    statusCode: refused.status,
    responseBody: JSON.stringify(OPENAI_ERRORS.denied(denied)),
    isRetryable: retryAfterMs !== null,
    cause: refused,
    ...(retryAfterMs === null
      ? {}
      : { responseHeaders: { 'retry-after-ms': String(Math.ceil(retryAfterMs)) } }),
  });
}
