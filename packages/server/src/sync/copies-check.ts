/**
 * Whether the copy store may still be used: asked now and then, and at once when its data turn out to be others.
 *
 * What is asked is the store's business (eviction, version, clock). A store that does not answer is neither fit
 * nor unfit: the breaker sees to it, and it is asked when it is back.
 */
import type { Clock } from '@bursar/core';
import type { CopiesGate, UnfitCopies } from '../leasing/copies-gate.ts';

/** What is wrong with the copy store, most important first. Throws when it does not answer. */
export type CheckCopies = () => Promise<readonly UnfitCopies[]>;

/** Asks, and shuts or opens the gate. */
export class CopiesCheck {
  readonly #options: {
    readonly checkCopies: CheckCopies;
    readonly gate: CopiesGate;
    readonly time: Clock;
    readonly everyMs: number;
  };
  #checkedMs = Number.NEGATIVE_INFINITY;
  #checkedIncarnation = 0;

  constructor(options: {
    readonly checkCopies: CheckCopies;
    readonly gate: CopiesGate;
    readonly time: Clock;
    /** Pause between two checks, in milliseconds. */
    readonly everyMs: number;
  }) {
    this.#options = options;
  }

  /** Checks if it is time. Answers whether the gate is shut since then, and was not before. */
  async run(): Promise<boolean> {
    const { checkCopies, gate, time, everyMs } = this.#options;
    const nowMs = time.nowMs();
    const isDue =
      nowMs - this.#checkedMs >= everyMs || gate.incarnation !== this.#checkedIncarnation;
    if (!gate.isAnswering || !isDue) return false;
    const wasFit = gate.unfit === null;
    const problems = await checkCopies();
    const problem = problems.find(({ mayHaveLost }) => mayHaveLost) ?? problems[0];
    if (problem === undefined) await gate.readmit();
    else gate.refuse(problem);
    this.#checkedMs = nowMs;
    this.#checkedIncarnation = gate.incarnation;
    return wasFit && problem !== undefined;
  }
}
