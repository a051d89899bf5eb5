/**
 * A memo: the last results of a pure function, by key.
 *
 * It may change how long an answer takes, never which answer it is: only results that follow from the key
 * alone (or are checked against the question by the reader) belong here. Bounded; the entry that went unused
 * longest is dropped first.
 */

/** Remembers the results under the `entriesMax` keys used last. */
export class BoundedMemo<Result> {
  readonly #results = new Map<string, Result>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** The result kept under `key`. */
  get(key: string): Result | undefined {
    const result = this.#results.get(key);
    if (result === undefined) return undefined;
    // The order of a map is that of insertion; so it becomes the order of use.
    this.#results.delete(key);
    this.#results.set(key, result);
    return result;
  }

  /** Keeps `result` under `key`, and hands it back. */
  set(key: string, result: Result): Result {
    this.#results.delete(key);
    if (this.#results.size >= this.#entriesMax) {
      const [oldest] = this.#results.keys();
      if (oldest !== undefined) this.#results.delete(oldest);
    }
    this.#results.set(key, result);
    return result;
  }
}
