/**
 * Errors that a procedure ended with: refusals are noted, bugs get an id.
 *
 * The caller of a bug sees the id and nothing else; the log has the whole error under the same id.
 */
import { toBursarError } from '@bursar/api';
import { BursarError, isBursarError } from '@bursar/core';
import { TRPCError } from '@trpc/server';
import type { Log } from './logger.ts';

/** What tRPC says about a failed call, as far as we log it. */
export interface FailedCall {
  readonly error: TRPCError;
  readonly path?: string | undefined;
}

/**
 * Notes that the call of `procedure` failed with `error`, and says what its caller sees. `newId` makes ids for bugs.
 */
export type NoteFailure = (error: unknown, procedure: string | undefined) => BursarError;

/** See `NoteFailure`. */
export function failureNoter(log: Log, newId: () => string): NoteFailure {
  return (error, path) => {
    const known = toBursarError(error);
    if (known.code !== 'invariant_violated') {
      const level = known.status >= 500 ? 'warn' : 'debug';
      const { code, field, cause } = known;
      // Why the store failed, in one line: there may be as many of these as there are calls. What is wrong with an
      // input is not repeated, because a parser quotes from it, and there may be a key in it.
      const reason = known.status >= 500 && cause instanceof Error ? cause.message : undefined;
      // A procedure that there is not may be anything that somebody put into a URL.
      const procedure = code === 'route_not_found' ? undefined : path;
      log[level]({ procedure, code, field, reason }, 'a call was refused');
      return known;
    }
    const errorId = newId();
    log.error({ procedure: path, errorId, error: bugBehind(error) }, 'a call met a bug in Bursar');
    return reportedBug(errorId);
  };
}

/**
 * The same for tRPC, which shapes the answer from an error that it has already: a bug's is replaced in place.
 */
export function errorReporter(note: NoteFailure): (call: FailedCall) => void {
  return ({ error, path }) => {
    const shown = note(error, path);
    if (shown.code !== 'invariant_violated') return;
    Object.defineProperty(error, 'cause', { value: shown, configurable: true });
    error.message = shown.message;
  };
}

/** What was thrown in the first place, below the wrappings it collected on its way up. */
function bugBehind(error: unknown): unknown {
  const isWrapping = error instanceof TRPCError || isBursarError(error);
  return isWrapping && error.cause !== undefined ? bugBehind(error.cause) : error;
}

/** What the caller sees of a bug. */
export function reportedBug(errorId: string): BursarError {
  return new BursarError('invariant_violated', {
    message: `Something went wrong in Bursar. Repeating the call with the same id is safe. The operator finds the details in the log under the error id ${errorId}.`,
  });
}
