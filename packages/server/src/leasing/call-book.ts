/**
 * The calls this process knows to be open, and where each is reserved.
 *
 * It saves looking a reservation up, lets the process settle at the authority what a lost copy store has
 * forgotten, and is what attestation speaks of: a lease is only closed when no process knows of a call that
 * may still spend it. So nothing is ever dropped to make room; a full book refuses new calls instead.
 */
import {
  type AccountId,
  BursarError,
  type CopiedReservation,
  type Fingerprint,
  type InstantMs,
  type Json,
  type LeaseId,
  type Period,
  type ReservationId,
} from '@bursar/core';

/** Most open calls of one process. */
export const CALLS_MAX = 200_000;
/** How long after its deadline a call is still spoken of: its holder ends it within this time. */
const AFTER_DEADLINE_MS = 5_000;

/** One leg of an open call. */
export interface CallLeg {
  readonly account: AccountId;
  readonly period: Period;
  /** The lease it spends under. */
  readonly lease: LeaseId;
}

/** An open call. */
export interface OpenCall {
  readonly reservation: ReservationId;
  /** `copies`: on leases; `direct`: in the authority's own hands. */
  readonly place: 'copies' | 'direct';
  readonly fingerprint: Fingerprint;
  readonly terms: Json;
  readonly legs: readonly CallLeg[];
  readonly found: Pick<CopiedReservation, 'amount' | 'spent' | 'deadlineAtMs' | 'dispatched'>;
  /** When this process first heard of it, by its own clock. */
  readonly sinceMs: InstantMs;
}

/** Open calls by reservation. */
export class CallBook {
  readonly #calls = new Map<ReservationId, OpenCall>();

  get size(): number {
    return this.#calls.size;
  }

  get(reservation: ReservationId): OpenCall | undefined {
    return this.#calls.get(reservation);
  }

  /** Every open call. */
  all(): readonly OpenCall[] {
    return [...this.#calls.values()];
  }

  /** Makes sure that one more call has room. Throws `store_unavailable`. */
  assertRoom(): void {
    if (this.#calls.size < CALLS_MAX) return;
    throw new BursarError('store_unavailable', {
      message: `This server has ${CALLS_MAX} calls open, which is the most it keeps; add a server.`,
      retryAfterMs: 1_000,
    });
  }

  keep(call: OpenCall): void {
    const known = this.#calls.get(call.reservation);
    this.#calls.set(
      call.reservation,
      known === undefined ? call : { ...call, sinceMs: known.sinceMs },
    );
  }

  drop(reservation: ReservationId): void {
    this.#calls.delete(reservation);
  }

  /** At most `limit` calls from before `beforeMs`, those first that were looked at the longest ago. */
  lookAt(beforeMs: number, limit: number): readonly OpenCall[] {
    const found: OpenCall[] = [];
    for (const call of this.#calls.values()) {
      if (found.length >= limit || call.sinceMs > beforeMs) break;
      found.push(call);
    }
    for (const call of found) {
      this.#calls.delete(call.reservation);
      this.#calls.set(call.reservation, call);
    }
    return found;
  }

  /** When the oldest call began that may still spend; forgets those that are past their deadline. */
  oldestMs(nowMs: InstantMs): InstantMs | undefined {
    let oldest: InstantMs | undefined;
    for (const [id, { found, sinceMs }] of this.#calls) {
      if (found.deadlineAtMs + AFTER_DEADLINE_MS <= nowMs) this.#calls.delete(id);
      else if (oldest === undefined || sinceMs < oldest) oldest = sinceMs;
    }
    return oldest;
  }
}
