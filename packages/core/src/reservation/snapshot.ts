/** A reservation as it stands, read from books. */
import { larger } from '../amount.ts';
import type { ReservationId } from '../ids.ts';
import type { ReservationSnapshot } from '../ports/tier.ts';
import type { BooksReader } from './books.ts';

/** The reservation and the totals over its legs, or nothing if the books do not have it. */
export function snapshotOf(books: BooksReader, id: ReservationId): ReservationSnapshot | undefined {
  const reservation = books.reservation(id);
  if (reservation === undefined) return undefined;
  const legs = reservation.accounts.flatMap((account) => books.leg(account, id) ?? []);
  const [first, ...others] = legs;
  if (first === undefined) return undefined;
  return others.reduce<ReservationSnapshot>(
    (snapshot, leg) => ({
      ...snapshot,
      amount: larger(snapshot.amount, leg.amount),
      spent: larger(snapshot.spent, leg.spent),
    }),
    {
      reservation,
      state: first.state,
      amount: first.amount,
      spent: first.spent,
      deadlineAtMs: first.deadlineAtMs,
      dispatched: first.dispatched,
    },
  );
}
