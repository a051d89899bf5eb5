/** A journal in memory: events in the order of their positions, read from a position on and trimmed from the front. */
import { comparePositions, type JournalEvent, type JournalPosition } from '../ports/copy-store.ts';

/** Events, oldest first. */
export class MemoryJournal {
  #events: JournalEvent[] = [];
  #last: JournalPosition = '0-0';

  /** Adds an event and returns its position, which is above all before it whatever the clock does. */
  append(event: Omit<JournalEvent, 'position'>): JournalPosition {
    const [ms = 0, count = 0] = this.#last.split('-').map(Number);
    this.#last = event.atMs > ms ? `${event.atMs}-0` : `${ms}-${count + 1}`;
    this.#events.push({ position: this.#last, ...event });
    return this.#last;
  }

  /** At most `limit` events after `position`. */
  after(position: JournalPosition, limit: number): readonly JournalEvent[] {
    const first = this.#firstAfter(position);
    return this.#events.slice(first, first + limit);
  }

  /** Forgets events up to `position` that are also from before `beforeMs`. */
  trim(position: JournalPosition, beforeMs: number): void {
    const end = this.#firstAfter(position);
    const kept = this.#events.findIndex(({ atMs }, index) => index >= end || atMs >= beforeMs);
    this.#events = kept < 0 ? [] : this.#events.slice(kept);
  }

  /** The same in other hands. */
  copy(): MemoryJournal {
    const other = new MemoryJournal();
    other.#events = [...this.#events];
    other.#last = this.#last;
    return other;
  }

  #firstAfter(position: JournalPosition): number {
    let from = 0;
    let to = this.#events.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const event = this.#events[middle];
      if (event !== undefined && comparePositions(event.position, position) > 0) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
