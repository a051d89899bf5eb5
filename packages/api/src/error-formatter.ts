/**
 * Errors on the wire: one shape, made from core's table of codes.
 *
 * A `BursarError` shows its message, code and field. What tRPC or zod refuse is translated into the same
 * codes. Everything else is a bug: the caller gets an id to quote and nothing more; the server logs the rest
 * under that id.
 */
import { BursarError, ERROR_CODES, type ErrorCode, isBursarError } from '@bursar/core';
import { TRPCError } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { z } from 'zod';

/** The `data` of every error answer. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly httpStatus: number;
  readonly retryable: boolean;
  /** The input field at fault, e.g. `usage.outputTokens`. */
  readonly field?: string;
  readonly retryAfterMs?: number;
}

const TRPC_CODE: Readonly<Record<number, TRPCError['code']>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
};

/** An error in an answer, as tRPC writes it. */
export interface ErrorShape {
  /** JSON-RPC's number. */
  readonly code: number;
  readonly message: string;
  readonly data: ErrorData;
}

/** `error` as it is written without tRPC, the same as with it. */
export function errorShape(error: BursarError): ErrorShape {
  return {
    code: TRPC_ERROR_CODES_BY_KEY[TRPC_CODE[error.status] ?? 'INTERNAL_SERVER_ERROR'],
    message: error.message,
    data: errorData(error),
  };
}

/** `error` as tRPC throws it; the original stays its cause. */
export function toTrpcError(error: BursarError): TRPCError {
  return new TRPCError({
    code: TRPC_CODE[error.status] ?? 'INTERNAL_SERVER_ERROR',
    message: error.message,
    cause: error,
  });
}

/** What went wrong, in Bursar's words. Anything unknown is a bug, whose details stay here. */
export function toBursarError(error: unknown): BursarError {
  if (isBursarError(error)) return error;
  if (error instanceof TRPCError) return fromTrpc(error);
  return new BursarError('invariant_violated', {
    message: 'Something went wrong in Bursar; repeating the request with the same id does no harm.',
    cause: error,
  });
}

/** The `data` that goes with an error. */
export function errorData(error: BursarError): ErrorData {
  return {
    code: error.code,
    httpStatus: error.status,
    retryable: ERROR_CODES[error.code].retryable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

function fromTrpc(error: TRPCError): BursarError {
  if (isBursarError(error.cause)) return error.cause;
  if (error.cause instanceof z.ZodError) return fromZod(error.cause);
  switch (error.code) {
    case 'PARSE_ERROR':
    case 'BAD_REQUEST':
      return new BursarError('input_invalid', {
        message: 'The request body must be JSON as the procedure expects it.',
        field: 'body',
        cause: error,
      });
    case 'UNSUPPORTED_MEDIA_TYPE':
      return new BursarError('input_invalid', {
        message: 'Send the request with content-type: application/json.',
        field: 'content-type',
        cause: error,
      });
    case 'NOT_FOUND':
    case 'METHOD_NOT_SUPPORTED':
      return new BursarError('route_not_found', {
        message: 'There is no such procedure; queries are called by GET, mutations by POST.',
        cause: error,
      });
    case 'PAYLOAD_TOO_LARGE':
      return new BursarError('payload_too_large', {
        message: 'The request is larger than the server accepts; send less in one request.',
        field: 'body',
        cause: error,
      });
    default:
      return new BursarError('invariant_violated', {
        message:
          'Something went wrong in Bursar; repeating the request with the same id does no harm.',
        cause: error,
      });
  }
}

/** What a field may be called to be named in an answer: a name that is a secret in the wrong place is not. */
const FIELD_NAME = /^[A-Za-z0-9_]{1,32}$/;

/** The first problem that zod found, under the field's full path. */
export function fromZod(error: z.ZodError): BursarError {
  const issue = error.issues[0];
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const field =
    [...(issue?.path ?? []), ...keys.slice(0, 1)]
      .map((part) => (FIELD_NAME.test(String(part)) ? String(part) : '(not a field name)'))
      .join('.') || 'input';
  const named =
    issue?.code === 'custom' ? (issue.params?.['code'] as ErrorCode | undefined) : undefined;
  const problem =
    issue?.code === 'unrecognized_keys'
      ? 'is not a field of this message'
      : (issue?.message ?? 'is invalid');
  return new BursarError(named ?? 'input_invalid', { field, message: `${field}: ${problem}` });
}
