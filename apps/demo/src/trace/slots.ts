/** A bound on what runs at once: whoever wants to begin waits for a free slot, in order. */

export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves once there is a slot and `work` has begun in it; does not wait for its end. */
  async begin(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const running = work().finally(() => {
      this.#running.delete(running);
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    });
    this.#running.add(running);
  }

  /** Resolves once nothing runs. Rejects when something did. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
