/** Timers by the time at which they are due; of one moment, the one that was set first. */

/** One timer. */
export interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** Timers in order: there are many, and the next one is asked for all the time. */
export class TimerList {
  readonly #timers: Timer[] = [];

  /** Adds one. The answer takes it back. */
  add(timer: Timer): () => void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle];
      if (other !== undefined && other.atMs <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Takes out the next one that is due by `untilMs`. */
  next(untilMs: number): Timer | undefined {
    const [first] = this.#timers;
    return first === undefined || first.atMs > untilMs ? undefined : this.#timers.shift();
  }
}
