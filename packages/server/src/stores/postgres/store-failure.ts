/**
 * What went wrong in the database, as the caller must see it: try the batch again, not applied, or unknown.
 *
 * Codes: PostgreSQL's SQLSTATE, chapter "Error codes" of its manual (read November 2026), and Node's
 * socket errors.
 */
import { BursarError, InvariantViolation, isBursarError } from '@bursar/core';
import { LookAgain } from './load-batch.ts';

/** Serialisation failure, deadlock, lock not available, and the id that another process was faster to insert. */
const TRY_AGAIN = new Set(['40001', '40P01', '55P03', '23505']);

/** Whether deciding the same batch anew can succeed at once. */
export function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof LookAgain || TRY_AGAIN.has(codeOf(error) ?? '');
}

/**
 * Whether one command of a batch is to blame: the database refused a value, a constraint or a statement, or
 * deciding it ended in an assertion or in an amount out of range. Trying the same again cannot help.
 */
export function isRefused(error: unknown): boolean {
  if (error instanceof InvariantViolation) return true;
  if (isBursarError(error)) return !error.retryable;
  return /^(22|23|42|P0)/.test(codeOf(error) ?? '');
}

/**
 * The error for the caller. `mayHaveCommitted`: the transaction's end was on its way when it failed, so
 * nobody knows whether it was applied.
 */
export function toStoreError(error: unknown, mayHaveCommitted: boolean): BursarError {
  // Already said, by whoever knows more.
  if (isBursarError(error) && error.code === 'store_unavailable') return error;
  if (mayHaveCommitted) {
    return new BursarError('store_timeout', {
      message: 'PostgreSQL did not confirm the command; repeat it with the same id.',
      retryAfterMs: 100,
      cause: error,
    });
  }
  return new BursarError('store_unavailable', {
    message: 'PostgreSQL did not accept the command; nothing was changed.',
    retryAfterMs: 1_000,
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
