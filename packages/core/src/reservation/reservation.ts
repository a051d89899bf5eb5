/**
 * A reservation: what a caller set aside, under the caller's id, on one or more accounts.
 *
 * Owns the part that is written once, when the reservation is made. What changes afterwards is in its legs.
 */
import type { AccountId, Fingerprint, ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { Json } from '../account/ledger-entry.ts';
import type { TakenRate } from './rates.ts';

/** Most budgets that one call may be charged to. */
export const LEGS_MAX = 16;

/** The unchanging part of a reservation. */
export interface Reservation {
  readonly id: ReservationId;
  /** Digest of the caller's payload; the same id with another one is refused. */
  readonly fingerprint: Fingerprint;
  /** One leg each; sorted and distinct, 1 … `LEGS_MAX`. */
  readonly accounts: readonly AccountId[];
  /** Pinned when it was made: model, price and price version. Core does not look inside. */
  readonly terms: Json;
  /** What it took from limiters, in the store that decided it; no other store hears of it. */
  readonly rates?: readonly TakenRate[] | undefined;
  readonly createdAtMs: InstantMs;
}
