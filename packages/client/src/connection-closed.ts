/** What whoever calls on a closed connection is told. */
import { BursarError } from '@bursar/core';

/** The error. */
export function connectionClosed(): BursarError {
  return new BursarError('connection_closed', {
    message: 'This connection to Bursar was closed; connect anew.',
  });
}
