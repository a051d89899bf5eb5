/** The status of a denial says whether to try again, through every surface alike. */
import type { Denied } from '@bursar/api';
import { APICallError } from 'ai';
import { expect, test } from 'vitest';
import { refusedCall } from '../src/ai/refused-call.ts';
import { ANTHROPIC_ERRORS } from '../src/anthropic/anthropic-errors.ts';
import { denialResponse } from '../src/http/refusal-response.ts';
import { CallRefused, denialOf } from '../src/index.ts';

const denied = (fields: object): Denied =>
  ({ decision: 'denied', message: 'no', rates: [], ...fields }) as unknown as Denied;

test.each([
  [denied({ reason: 'budget_exhausted' }), 402, false],
  [denied({ reason: 'limit_too_small' }), 402, false],
  [denied({ reason: 'share_exceeded' }), 402, false],
  [denied({ reason: 'request_too_large' }), 413, false],
  [denied({ reason: 'rate_limited', retryAfterMs: 1_500 }), 429, true],
  [denied({ reason: 'rate_limited', retryAfterMs: null }), 402, false],
])('%o is %i', async (denial, status, isRetryable) => {
  const refused = new CallRefused(denial);
  expect(refused.status).toBe(status);
  const ofAi = refusedCall(refused);
  expect(APICallError.isInstance(ofAi)).toBe(true);
  expect(ofAi).toMatchObject({ statusCode: status, isRetryable });
  expect(denialOf(ofAi)).toEqual(denial);
  const response = await denialResponse(denial, ANTHROPIC_ERRORS);
  expect(response.status).toBe(status);
  expect(response.headers.get('x-should-retry')).toBe(isRetryable ? null : 'false');
  expect(response.headers.get('retry-after-ms')).toBe(isRetryable ? '1500' : null);
  expect(denialOf({ error: await response.json() })).toEqual(denial);
});
