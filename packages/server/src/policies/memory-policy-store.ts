/** Policy sets in this process's memory, for books that are there, too. */
import type { Clock } from '@bursar/core';
import {
  policyConflict,
  type PolicyStore,
  type StoredPolicySet,
  versionTooLow,
} from './policy-store.ts';

/** Keeps sets until the process ends. Bounded only by memory, like the books beside it. */
export class MemoryPolicyStore implements PolicyStore {
  readonly isShared = false;
  readonly #clock: Clock;
  readonly #sets: StoredPolicySet[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async newest(above: number): Promise<StoredPolicySet | undefined> {
    const last = this.#sets.at(-1);
    return last !== undefined && last.version > above ? last : undefined;
  }

  async put(set: Omit<StoredPolicySet, 'putAtMs'>, expected: number): Promise<void> {
    const inForce = this.#sets.at(-1)?.version ?? 0;
    if (inForce !== expected) throw policyConflict(expected, inForce);
    if (set.version <= inForce) throw versionTooLow(set.version, inForce);
    this.#sets.push({ ...set, putAtMs: this.#clock.nowMs() });
  }

  async history(limit: number): Promise<readonly Omit<StoredPolicySet, 'document'>[]> {
    return this.#sets
      .slice(-limit)
      .toReversed()
      .map(({ document: _document, ...set }) => set);
  }
}
