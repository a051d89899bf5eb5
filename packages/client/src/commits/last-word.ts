/** Which refusals of an end of a call are the last word about it. */
import { type ErrorCode, isBursarError } from '@bursar/core';
import type { Commit } from './commit-journal.ts';

/** The call has ended already, by what was told before; that stays. */
const SETTLED: readonly ErrorCode[] = ['reservation_already_settled', 'idempotency_key_reused'];

/** Whether it makes no sense to tell `commit` again, now or later, after `error`. */
export function isLastWord(error: unknown, commit: Commit): boolean {
  if (!isBursarError(error) || error.retryable) return false;
  // What cannot be given back is not set aside, or ends by itself. What was spent has to be booked.
  return commit.kind === 'release' || SETTLED.includes(error.code);
}
