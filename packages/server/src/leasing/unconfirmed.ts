/**
 * What this process has acknowledged and the ledger may not have yet.
 *
 * The copy store has it too, but the copy store can be lost. Each end of a call stays here until the journal
 * that says it is known to be in the ledger; what stays too long is written to the ledger by this process
 * itself. That rule alone heals every loss of the copy store: no detection is needed.
 */
import {
  BursarError,
  comparePositions,
  type Ingest,
  type InstantMs,
  type JournalPosition,
  type ReservationId,
} from '@bursar/core';

/** Most acknowledged ends that wait for the ledger; beyond, calls that begin are refused, never those that end. */
export const UNCONFIRMED_MAX = 500_000;

/** An acknowledged change of a call. */
export interface Unconfirmed {
  readonly reservation: ReservationId;
  /** The same, as the ledger takes it in: one report for each leg. */
  readonly reports: readonly Ingest[];
  readonly incarnation: number;
  readonly shard: number;
  /** Where the journal says it; `null` when no journal may have it. */
  readonly position: JournalPosition | null;
  readonly atMs: InstantMs;
}

/** Acknowledged changes, oldest first. */
export class UnconfirmedBook {
  readonly #entries = new Map<number, Unconfirmed>();
  #next = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Makes sure that one more call may begin. Throws `store_unavailable`. */
  assertRoom(): void {
    if (this.#entries.size < UNCONFIRMED_MAX) return;
    throw new BursarError('store_unavailable', {
      message: `${UNCONFIRMED_MAX} settlements of this server wait for PostgreSQL, which is the most it keeps; calls that run are still settled, new ones are refused until it is back.`,
      retryAfterMs: 1_000,
    });
  }

  add(entry: Unconfirmed): void {
    this.#entries.set((this.#next += 1), entry);
  }

  /** The journal `shard` of `incarnation` is in the ledger up to `position`. */
  confirm(incarnation: number, shard: number, position: JournalPosition): void {
    for (const [key, entry] of this.#entries) {
      if (entry.incarnation !== incarnation || entry.shard !== shard) continue;
      if (entry.position === null) continue;
      if (comparePositions(entry.position, position) <= 0) this.#entries.delete(key);
    }
  }

  /** At most `limit` of those from before `beforeMs`, oldest first. */
  olderThan(beforeMs: number, limit: number): readonly (Unconfirmed & { readonly key: number })[] {
    const found: (Unconfirmed & { readonly key: number })[] = [];
    for (const [key, entry] of this.#entries) {
      if (found.length >= limit || entry.atMs > beforeMs) break;
      found.push({ key, ...entry });
    }
    return found;
  }

  /** These are in the ledger. */
  remove(keys: Iterable<number>): void {
    for (const key of keys) this.#entries.delete(key);
  }

  /** When the oldest was acknowledged. */
  oldestMs(): InstantMs | undefined {
    return this.#entries.values().next().value?.atMs;
  }
}
