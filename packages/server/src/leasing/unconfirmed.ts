/**
 * What this process has acknowledged and the ledger may not have yet.
 *
 * The copy store has it too, but the copy store can be lost. Each end of a call stays here until the journal
 * that says it is known to be in the ledger; what stays too long is written to the ledger by this process
 * itself. That rule alone heals every loss of the copy store: no detection is needed.
 */
import {
  BursarError,
  type Ingest,
  type InstantMs,
  type JournalPosition,
  type ReservationId,
} from '@bursar/core';
import { JournalOrder } from './journal-order.ts';

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
  /** Those that each journal has, in its order, so that confirming looks only at what it removes. */
  readonly #journals = new Map<string, { readonly order: JournalOrder; size: number }>();
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
    const key = (this.#next += 1);
    this.#entries.set(key, entry);
    const { incarnation, shard, position } = entry;
    if (position === null) return;
    const name = journalName(incarnation, shard);
    const journal = this.#journals.get(name) ?? { order: new JournalOrder(), size: 0 };
    this.#journals.set(name, journal);
    journal.order.add(position, key);
    journal.size += 1;
  }

  /** The journal `shard` of `incarnation` is in the ledger up to `position`. */
  confirm(incarnation: number, shard: number, position: JournalPosition): void {
    const name = journalName(incarnation, shard);
    const journal = this.#journals.get(name);
    if (journal === undefined) return;
    for (const key of journal.order.takeUpTo(position)) {
      if (this.#entries.delete(key)) journal.size -= 1;
    }
    if (journal.size === 0) this.#journals.delete(name);
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
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#entries.delete(key);
      if (entry.position === null) continue;
      const name = journalName(entry.incarnation, entry.shard);
      const journal = this.#journals.get(name);
      if (journal === undefined) continue;
      journal.size -= 1;
      // A journal of an incarnation that was lost is confirmed by nobody.
      if (journal.size === 0) this.#journals.delete(name);
    }
  }

  /** When the oldest was acknowledged. */
  oldestMs(): InstantMs | undefined {
    return this.#entries.values().next().value?.atMs;
  }
}

function journalName(incarnation: number, shard: number): string {
  return `${incarnation} ${shard}`;
}
