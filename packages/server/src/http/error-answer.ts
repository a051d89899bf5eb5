/** Errors that are answered before or beside tRPC, in the same shape as tRPC's. */
import type { ServerResponse } from 'node:http';
import { errorShape } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import { sendJson } from './json-answer.ts';

/** The body of an error answer. */
export function errorBody(error: BursarError): string {
  return JSON.stringify({ error: errorShape(error) });
}

/** Answers with `error`; does nothing when an answer has begun. */
export function sendError(response: ServerResponse, error: BursarError): void {
  sendJson(response, error.status, errorBody(error));
}

/** Headers that say more about `errors` than the status does. */
export function errorHeaders(errors: readonly BursarError[]): Readonly<Record<string, string>> {
  const waitsMs = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return {
    ...(errors.some(({ code }) => code === 'unauthorized') && { 'www-authenticate': 'Bearer' }),
    ...(waitsMs.length > 0 && {
      'retry-after': String(Math.ceil(Math.max(...waitsMs) / 1_000)),
    }),
  };
}
