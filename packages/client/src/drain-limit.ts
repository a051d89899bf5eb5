/** How many calls may go on unheard at once: each costs money and a connection that nobody waits for. */
export const DRAINS_MAX = 100;

/** Counts drains. */
export class DrainLimit {
  #running = 0;

  /** Takes a place; the answer gives it back, once. `undefined` when all are taken. */
  take(): (() => void) | undefined {
    if (this.#running >= DRAINS_MAX) return undefined;
    this.#running += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#running -= 1;
      isTaken = false;
    };
  }
}
