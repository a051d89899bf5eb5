/** A count that others can wait for. */
export class Counter {
  #value = 0;
  #waiting: { readonly target: number; readonly resolve: () => void }[] = [];

  get value(): number {
    return this.#value;
  }

  increment(): void {
    this.#value++;
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter(({ target }) => target <= this.#value);
    this.#waiting = this.#waiting.filter(({ target }) => target > this.#value);
    for (const { resolve } of reached) resolve();
  }

  /** Resolves once the count is `target` or more. */
  reaches(target: number): Promise<void> {
    if (this.#value >= target) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ target, resolve }));
  }
}
