/** Errors that are answered before or beside tRPC, in the same shape as tRPC's. */
import type { ServerResponse } from 'node:http';
import { errorData } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { sendJson } from './json-answer.ts';

/** JSON-RPC numbers by HTTP status, as tRPC assigns them. */
const RPC_CODES: Readonly<Record<number, number>> = {
  400: TRPC_ERROR_CODES_BY_KEY.BAD_REQUEST,
  404: TRPC_ERROR_CODES_BY_KEY.NOT_FOUND,
  413: TRPC_ERROR_CODES_BY_KEY.PAYLOAD_TOO_LARGE,
  503: TRPC_ERROR_CODES_BY_KEY.SERVICE_UNAVAILABLE,
};

/** The body of an error answer. */
export function errorBody(error: BursarError): string {
  return JSON.stringify({
    error: {
      message: error.message,
      code: RPC_CODES[error.status] ?? TRPC_ERROR_CODES_BY_KEY.INTERNAL_SERVER_ERROR,
      data: errorData(error),
    },
  });
}

/** Answers with `error`; does nothing when an answer has begun. */
export function sendError(response: ServerResponse, error: BursarError): void {
  sendJson(response, error.status, errorBody(error));
}

/** Headers that say more about `errors` than the status does. */
export function errorHeaders(errors: readonly BursarError[]): Headers {
  const headers = new Headers();
  if (errors.some(({ code }) => code === 'unauthorized')) headers.set('www-authenticate', 'Bearer');
  const waitsMs = errors.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  if (waitsMs.length > 0) {
    headers.set('retry-after', String(Math.ceil(Math.max(...waitsMs) / 1_000)));
  }
  return headers;
}
