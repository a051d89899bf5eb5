/**
 * What is kept of a call that a process answered while no store could decide: how it stood, in totals.
 *
 * The last event of a call says all there is to know about it, so events may be repeated, reordered and
 * dropped in favour of later ones: the books they end in are a join. An event names the caller's ids, models,
 * prices and usage; it holds no token, no prompt and no answer of a model.
 */
import {
  type Amount,
  type Command,
  type Fingerprint,
  type Json,
  larger,
  type ReservationId,
  type Settle,
  subtractToZero,
  ZERO,
} from '@bursar/core';
import type { CallLeg } from '../leasing/call-book.ts';
import type { Standing } from '../leasing/standing.ts';

/** A command about a call, as it can be answered without a store. */
export type CallCommand = Extract<
  Command,
  { kind: 'reserve' | 'extend' | 'settle' | 'release' | 'expire' }
>;

/** What a call that was let through here was made with. */
export interface MadeHere {
  readonly fingerprint: Fingerprint;
  readonly terms: Json;
  readonly legs: readonly Pick<CallLeg, 'account' | 'period'>[];
}

/** How a call stands. */
export interface AwayEvent {
  /** Rises with every event of a journal. */
  readonly number: number;
  readonly reservation: ReservationId;
  readonly standing: Standing;
  /** What a store had set aside for it before, as far as this process knows; 0 of a call let through here. */
  readonly covered: Amount;
  /** Absent for a call that a store, or another server, let through. */
  readonly made?: MadeHere | undefined;
  /** What to book it on, should no store know of it: as it was seen here, or else as its caller says. */
  readonly adopt?: Settle['adopt'];
}

/** The ledger has what these events say: the call, and the number of its last event then. */
export type BookedMark = readonly [reservation: ReservationId, number: number];

/** What one line of a journal says. */
export type AwayRecord = { readonly event: AwayEvent } | { readonly booked: readonly BookedMark[] };

/** What of the call is spent or set aside beyond what stores had set aside: its part of the allowance. */
export function beyondStores({ standing, covered, made }: AwayEvent): Amount {
  const { state, amount, spent } = standing;
  const total = state === 'reserved' ? larger(amount, spent) : spent;
  if (made !== undefined) return total;
  // What a call costs beyond what it had set aside is overage in every mode; more that was allowed here is not.
  return amount > covered ? subtractToZero(total, covered) : ZERO;
}
