/**
 * What goes on after its caller has been answered: settlements, releases, drained streams. Kept track of so
 * that a process can wait for it before it exits.
 */

/** Work that nobody awaits where it begins. */
export class UnfinishedWork {
  readonly #running = new Set<Promise<void>>();

  /** How much of it runs. */
  get count(): number {
    return this.#running.size;
  }

  /** Waits for `work` when asked to; how it ends is no concern of this. */
  add(work: Promise<unknown>): void {
    const done: Promise<void> = work
      .then(
        () => {},
        () => {},
      )
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Resolves once nothing runs, work that begins meanwhile included. */
  async finished(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
