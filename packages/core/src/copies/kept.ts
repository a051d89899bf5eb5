/** What a copy store in memory keeps of a reservation: while it is open, and for a while after. */
import type { Leg } from '../account/leg.ts';
import { type Amount, larger, ZERO } from '../amount.ts';
import type { CopiedReservation } from '../ports/copy-store.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { InstantMs } from '../time.ts';

/** A reservation and its legs on copies. Never changed in place. */
export interface Kept {
  readonly reservation: Reservation;
  /** The part on each account, the accounts of which have been replaced since included. */
  readonly legs: readonly Leg[];
  /** Whether an event has said what it was made with. */
  readonly isJournaled: boolean;
}

/** `kept` as it is answered. */
export function copiedOf({ reservation, legs }: Kept): CopiedReservation {
  const [first] = legs;
  return {
    // What it took from limiters concerns this store alone.
    reservation: withoutRates(reservation),
    leases: legs.map(({ lease }) => lease),
    state: first?.state ?? 'released',
    amount: largest(legs, (leg) => leg.amount),
    spent: largest(legs, (leg) => leg.spent),
    deadlineAtMs: first?.deadlineAtMs ?? (0 as InstantMs),
    dispatched: first?.dispatched ?? false,
  };
}

function withoutRates({ rates: _rates, ...reservation }: Reservation): Reservation {
  return reservation;
}

function largest(legs: readonly Leg[], of: (leg: Leg) => Amount): Amount {
  return legs.reduce((most, leg) => larger(most, of(leg)), ZERO);
}
