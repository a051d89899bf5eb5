/**
 * Whatever a transport fails with, as a `BursarError`: the server's own codes where it answered, and the two
 * store codes where it did not. The difference between those two matters: `store_unavailable` means that
 * nothing happened, `store_timeout` that nobody knows.
 */
import type { ErrorData } from '@bursar/api';
import { BursarError, ERROR_CODES, isBursarError } from '@bursar/core';
import { causesOf } from '../causes.ts';
import { wasNeverSent } from '../connection-failure.ts';
import { asUnheard } from '../unreachable/unheard.ts';
import { ForeignAnswer } from './batched-calls.ts';

/** An error in the shape in which the server reports them. */
export interface ReportedError {
  readonly message: string;
  readonly data: unknown;
}

/** What the server reported; `undefined` if it is not in Bursar's shape. */
export function reportedError({ message, data }: ReportedError): BursarError | undefined {
  const { code, field, retryAfterMs, retryable } = (data ?? {}) as Partial<ErrorData>;
  if (typeof code !== 'string') return undefined;
  const details = {
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (Object.hasOwn(ERROR_CODES, code)) return new BursarError(code, details);
  // A newer server may know more codes than this client.
  return new BursarError(retryable === true ? 'store_unavailable' : 'invariant_violated', {
    ...details,
    message: `${message} (${String(code)})`,
  });
}

/** `error` in Bursar's words; `server` names the server in messages. */
export function bursarErrorFrom(error: unknown, server: string): BursarError {
  const known: unknown = causesOf(error).find(isBursarError);
  if (isBursarError(known)) return known;
  if (error instanceof ForeignAnswer) return foreign(error, server);
  if (wasNeverSent(error)) {
    return asUnheard(
      new BursarError('store_unavailable', {
        message: `Bursar cannot be reached at ${server}: ${reasonOf(error)}`,
        cause: error,
      }),
    );
  }
  return asUnheard(
    new BursarError('store_timeout', {
      message: `Bursar at ${server} did not answer: ${reasonOf(error)}`,
      cause: error,
    }),
  );
}

function foreign(cause: ForeignAnswer, server: string): BursarError {
  const answered = `${server} answered with HTTP status ${cause.status}`;
  if (cause.status === 401 || cause.status === 403) {
    return new BursarError('unauthorized', {
      message: `${answered}, and not as Bursar does; something in between refuses the token.`,
      cause,
    });
  }
  if (cause.status === 429) {
    return new BursarError('too_many_requests', {
      message: `${answered}, and not as Bursar does; something in between limits requests.`,
      cause,
    });
  }
  if (cause.status < 500) {
    return new BursarError('route_not_found', {
      message: `${answered}, and not as Bursar does; is this the address of a Bursar server?`,
      cause,
    });
  }
  // What stands before a server answers so when there is none behind it.
  return asUnheard(
    new BursarError('store_timeout', {
      message: `${answered}, and not as Bursar does.`,
      cause,
    }),
  );
}

/** The innermost message: `fetch failed` says nothing, its cause does. */
function reasonOf(error: unknown): string {
  const messages = causesOf(error).map((cause) => cause['message']);
  const innermost = messages.findLast((message) => typeof message === 'string' && message !== '');
  return typeof innermost === 'string' ? innermost : String(error);
}
