/** Timers as a port, so that loops and waits can be driven by a test. */

/** Something that can call back later. */
export interface Timers {
  /** Calls `callback` once, `delayMs` from now, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}
