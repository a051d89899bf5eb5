/**
 * Whatever a transport throws, as a `BursarError`: the server's own codes where it answered, and the two
 * store codes where it did not. The difference between those two matters: `store_unavailable` means that
 * nothing happened, `store_timeout` that nobody knows.
 */
import { BursarError, ERROR_CODES, type ErrorCode, isBursarError } from '@bursar/core';
import { TRPCClientError } from '@trpc/client';
import type { ErrorData } from '@bursar/api';
import { causesOf, wasNeverSent } from '../connection-failure.ts';

/** `error` in Bursar's words; `server` names the server in messages. */
export function bursarErrorFrom(error: unknown, server: string): BursarError {
  const known: unknown = causesOf(error).find(isBursarError);
  if (isBursarError(known)) return known;
  const data = error instanceof TRPCClientError ? errorDataOf(error.data) : undefined;
  if (data !== undefined) return reported(data, (error as Error).message);
  const status = error instanceof TRPCClientError ? statusOf(error.meta) : undefined;
  if (status !== undefined) return foreign(status, server, error);
  if (wasNeverSent(error)) {
    return new BursarError('store_unavailable', {
      message: `Bursar cannot be reached at ${server}: ${reasonOf(error)}`,
      cause: error,
    });
  }
  return new BursarError('store_timeout', {
    message: `Bursar at ${server} did not answer: ${reasonOf(error)}`,
    cause: error,
  });
}

function reported(data: ErrorData, message: string): BursarError {
  const details = {
    message,
    ...(data.field === undefined ? {} : { field: data.field }),
    ...(data.retryAfterMs === undefined ? {} : { retryAfterMs: data.retryAfterMs }),
  };
  // A newer server may know more codes than this client.
  if (Object.hasOwn(ERROR_CODES, data.code)) return new BursarError(data.code, details);
  const code: ErrorCode = data.retryable ? 'store_unavailable' : 'invariant_violated';
  return new BursarError(code, { ...details, message: `${message} (${String(data.code)})` });
}

/** An answer that is not Bursar's: a proxy in between, or another server altogether. */
function foreign(status: number, server: string, cause: unknown): BursarError {
  const answered = `${server} answered with HTTP status ${status}`;
  if (status === 404) {
    const message = `${answered}; is this the address of a Bursar server?`;
    return new BursarError('route_not_found', { message, cause });
  }
  if (status === 401 || status === 403) {
    const message = `${answered}; something between here and Bursar refuses the token.`;
    return new BursarError('unauthorized', { message, cause });
  }
  return new BursarError('store_timeout', { message: `${answered} and not as Bursar does.`, cause });
}

function errorDataOf(data: unknown): ErrorData | undefined {
  const code = typeof data === 'object' && data !== null ? (data as ErrorData).code : undefined;
  return typeof code === 'string' ? (data as ErrorData) : undefined;
}

function statusOf(meta: unknown): number | undefined {
  const response = (meta as { response?: { status?: unknown } } | undefined)?.response;
  return typeof response?.status === 'number' ? response.status : undefined;
}

/** The innermost message: `fetch failed` says nothing, its cause does. */
function reasonOf(error: unknown): string {
  const messages = causesOf(error).map((cause) => String(cause['message'] ?? ''));
  return messages.findLast((message) => message !== '') ?? String(error);
}
