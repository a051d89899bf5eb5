/**
 * What is remembered of open calls, by reservation: bounded, whoever was noted first is forgotten first.
 *
 * Calls are noted and forgotten all the time, and often a single one is open. That is why this is no LRUCache: it
 * overwrites all its slots whenever its last entry is deleted, which at 50,000 of them took longer than deciding.
 */
import type { ReservationId } from '@bursar/core';

/** At most `max` calls. */
export class RecentCalls<Value> {
  readonly #calls = new Map<ReservationId, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(reservation: ReservationId): Value | undefined {
    return this.#calls.get(reservation);
  }

  /** Notes a call, or what is new about it; its turn to be forgotten stays the same. */
  set(reservation: ReservationId, value: Value): void {
    if (this.#calls.size >= this.#max && !this.#calls.has(reservation)) {
      const [oldest] = this.#calls.keys();
      if (oldest !== undefined) this.#calls.delete(oldest);
    }
    this.#calls.set(reservation, value);
  }

  /** Forgets a call, which has ended. */
  delete(reservation: ReservationId): void {
    this.#calls.delete(reservation);
  }

  clear(): void {
    this.#calls.clear();
  }
}
