/** The check that calls which may be made unreserved are kept somewhere until they are booked. */
import { BursarError } from '@bursar/core';
import type { MeteringContext } from '../metering-context.ts';
import type { Metering } from '../wrap-options.ts';

/** Throws `input_invalid` for `whenUnreachable: 'allow'` on a connection without a journal. */
export function checkJournal(
  { whenUnreachable }: Pick<Metering, 'whenUnreachable'>,
  { commits }: Pick<MeteringContext, 'commits'>,
): void {
  if (whenUnreachable !== 'allow' || commits.unreserved !== undefined) return;
  throw new BursarError('input_invalid', {
    field: 'whenUnreachable',
    message: "'allow' needs a journal: connect({ …, journal: fileJournal({ directory }) })",
  });
}
