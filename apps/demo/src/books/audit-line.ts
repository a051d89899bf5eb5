/** The last line of every run: whether every nano-dollar is accounted for. */
import { showUsd } from '../money/nano-usd.ts';
import { count, counted } from '../terminal/count.ts';
import { paint } from '../terminal/paint.ts';
import type { ClosedBooks } from './close-books.ts';

/** The line; `differenceNanoUsd` is the ledger less what it should be. */
export function auditLine(found: {
  readonly books: ClosedBooks;
  readonly isClean: boolean;
  readonly differenceNanoUsd: bigint;
}): string {
  const { books, isClean, differenceNanoUsd } = found;
  const { acknowledged, ledgerNanoUsd, settlements } = books.run;
  const sums =
    `${counted(acknowledged, 'call')}, ${showUsd(ledgerNanoUsd)} in ` +
    `${count(settlements)} ledger ${settlements === 1 ? 'entry' : 'entries'}, ` +
    `difference ${showUsd(differenceNanoUsd)}`;
  return isClean
    ? paint.good(`Audit: every nano-dollar is accounted for: ${sums}.`)
    : paint.bad(`Audit: NOT every nano-dollar is accounted for: ${sums}; see ✗ above.`);
}
