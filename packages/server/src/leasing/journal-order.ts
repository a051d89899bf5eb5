/**
 * Keys in the order of their positions in one journal.
 *
 * Answers arrive nearly in the journal's order, so a key is put in from the end, past the few that overtook
 * it; and what the ledger has is taken from the front, so taking costs what it takes and nothing else. With
 * 100,000 settlements waiting, looking at all of them for each page cost as much as bringing them home.
 */
import type { JournalPosition } from '@bursar/core';

/** Taken places at the front that are kept at least; then, half of the array before it is cut. */
const TAKEN_MIN = 1_024;

/** A position, read once, and what is there. */
interface Place {
  readonly ms: number;
  readonly count: number;
  readonly key: number;
}

/** Keys by position. */
export class JournalOrder {
  #places: Place[] = [];
  /** How many of the first places are taken. */
  #taken = 0;

  add(position: JournalPosition, key: number): void {
    const place = placeAt(position, key);
    let index = this.#places.length;
    for (; index > this.#taken; index -= 1) {
      const before = this.#places[index - 1];
      if (before === undefined || compare(before, place) <= 0) break;
    }
    if (index === this.#places.length) this.#places.push(place);
    else this.#places.splice(index, 0, place);
  }

  /** Takes out the keys up to `position`, in order. */
  takeUpTo(position: JournalPosition): readonly number[] {
    const end = placeAt(position, 0);
    const keys: number[] = [];
    for (; this.#taken < this.#places.length; this.#taken += 1) {
      const place = this.#places[this.#taken];
      if (place === undefined || compare(place, end) > 0) break;
      keys.push(place.key);
    }
    if (this.#taken > TAKEN_MIN && this.#taken * 2 > this.#places.length) {
      this.#places = this.#places.slice(this.#taken);
      this.#taken = 0;
    }
    return keys;
  }
}

function placeAt(position: JournalPosition, key: number): Place {
  const dash = position.indexOf('-');
  return { ms: Number(position.slice(0, dash)), count: Number(position.slice(dash + 1)), key };
}

function compare(a: Place, b: Place): number {
  return a.ms - b.ms || a.count - b.count;
}
