/** Whether an error says that a store is away, so that another way may be taken. */
import { isBursarError } from '@bursar/core';
import { BreakerOpen } from '../breaker/breaker.ts';

/** Whether the store did not take the command, or did not answer. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof BreakerOpen ||
    (isBursarError(error) && (error.code === 'store_unavailable' || error.code === 'store_timeout'))
  );
}

/** Whether the command may have been applied all the same. */
export function isUnknown(error: unknown): boolean {
  return isBursarError(error) && error.code === 'store_timeout';
}
