/**
 * A leg: the part of a reservation on one account. A reservation has one leg for each budget it charges.
 *
 * Owns the record, its states and their ranks. The rank order makes the books a join: whatever path, order
 * and number of deliveries the reports about a reservation take, the result is the same (invariant
 * I4). Nothing happened (released) yields to an estimate (expired), and an estimate to the truth (settled).
 */
import { type Amount, subtractToZero, ZERO } from '../amount.ts';
import type { AccountId, LeaseId, ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';

/** `reserved` is open; the other three are ends, of which `settled` is the last word. */
export type LegState = 'reserved' | 'released' | 'expired' | 'settled';

/** Which end replaces which: higher replaces lower. */
export const RANK: { readonly [S in Exclude<LegState, 'reserved'>]: number } = {
  released: 0,
  expired: 1,
  settled: 2,
};

/** The part of a reservation on one account. Amounts are totals since the reservation began, never deltas. */
export interface Leg {
  readonly reservation: ReservationId;
  readonly account: AccountId;
  /** The right this leg spends under; never changes after the first event. */
  readonly lease: LeaseId;
  readonly state: LegState;
  /** Set aside in total, extensions included. */
  readonly amount: Amount;
  /** Booked in total: partial settlements while open, then the leg's final contribution. */
  readonly spent: Amount;
  /** When an open leg may be expired. */
  readonly deadlineAtMs: InstantMs;
  /**
   * Whether the call is known to be on its way to the provider. An undispatched (tentative) leg is
   * released when it expires, a dispatched one is charged.
   */
  readonly dispatched: boolean;
}

/** The leg in another state, with `spent` booked. Written out: a spread costs more, and each end makes one. */
export function legAt(leg: Leg, state: LegState, spent: Amount): Leg {
  const next: Required<Leg> = {
    reservation: leg.reservation,
    account: leg.account,
    lease: leg.lease,
    state,
    amount: leg.amount,
    spent,
    deadlineAtMs: leg.deadlineAtMs,
    dispatched: leg.dispatched,
  };
  return next;
}

/** What the leg still keeps aside. On a lease that is aside already, and not counted again. */
export function held(leg: Leg): Amount {
  return leg.state === 'reserved' ? subtractToZero(leg.amount, leg.spent) : ZERO;
}
