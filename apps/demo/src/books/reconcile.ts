/**
 * Comparing what a run was told with what the ledger says: every acknowledged settlement is there once, with
 * its cost, and nothing was settled twice.
 */
import { showUsd } from '../money/nano-usd.ts';
import type { Bookings } from './ledger-bookings.ts';

/** Most contradictions that are told in words; all are counted. */
const SHOWN_MAX = 5;

/** What the comparison found. */
export interface Reconciliation {
  /** Settlements that the run was told of. */
  readonly acknowledged: number;
  /** What they come to. */
  readonly acknowledgedNanoUsd: bigint;
  /** Settlements in the ledger that nobody was told of any more: answers that a killed run did not hear. */
  readonly unheard: number;
  /** Reservations that their deadline ended. */
  readonly expired: number;
  /** Entries that settle something. */
  readonly settlements: number;
  /** Everything that the ledger has booked for the run, expired reservations included. */
  readonly ledgerNanoUsd: bigint;
  readonly contradictions: number;
  /** The first of them, a sentence each. */
  readonly shown: readonly string[];
}

/** Compares `acknowledged`, nano-USD by reservation, with the ledger's `bookings`. */
export function reconcile(
  acknowledged: ReadonlyMap<string, bigint>,
  bookings: Bookings,
): Reconciliation {
  const contradictions: string[] = [];
  let acknowledgedNanoUsd = 0n;
  for (const [reservation, cost] of acknowledged) {
    acknowledgedNanoUsd += cost;
    const booking = bookings.get(reservation);
    if (booking === undefined || booking.settlements === 0) {
      contradictions.push(`${reservation}: acknowledged at ${showUsd(cost)}, not in the ledger`);
    } else if (booking.nanoUsd !== cost) {
      contradictions.push(
        `${reservation}: acknowledged at ${showUsd(cost)}, ${showUsd(booking.nanoUsd)} in the ledger`,
      );
    }
  }
  let ledgerNanoUsd = 0n;
  let settlements = 0;
  let expired = 0;
  let unheard = 0;
  for (const [reservation, booking] of bookings) {
    ledgerNanoUsd += booking.nanoUsd;
    settlements += booking.settlements;
    if (booking.isExpired) expired += 1;
    if (booking.settlements > 0 && !acknowledged.has(reservation)) unheard += 1;
    if (booking.settlements > 1) {
      contradictions.push(`${reservation}: settled ${booking.settlements} times`);
    }
  }
  return {
    acknowledged: acknowledged.size,
    acknowledgedNanoUsd,
    unheard,
    expired,
    settlements,
    ledgerNanoUsd,
    contradictions: contradictions.length,
    shown: contradictions.slice(0, SHOWN_MAX),
  };
}
