/**
 * Patience: how long a store is waited for, and when it counts as away.
 *
 * A failed or silent command alone says little: a connection may have broken, a lock be held, this process's own
 * bounds be full. So the stores are asked once more, something easy, and only if none of them answers is nobody
 * there to decide.
 */
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import { StoresAway } from './stores-away.ts';
import { SILENCE, within } from './within.ts';

/** How stores are asked whether they are there. */
export interface Stores {
  /** Resolves when the store with the ledger answers. */
  readonly reachLedger: () => Promise<void>;
  /** Resolves when another store answers that can decide without the one with the ledger. */
  readonly reachCopies?: (() => Promise<void>) | undefined;
}

/** How long they are waited for, in milliseconds. */
export interface PatienceTimes {
  /** A store that is silent for so long is asked whether it is there at all. */
  readonly patienceMs: number;
  /** How long it may take to answer that. */
  readonly answerMs: number;
}

/** Waits for stores. */
export class Patience {
  readonly #stores: Stores;
  readonly #timers: Timers;
  readonly #times: PatienceTimes;
  #answering: Promise<boolean> | undefined;

  constructor(options: Stores & { readonly time: Timers; readonly times: PatienceTimes }) {
    this.#stores = options;
    this.#timers = options.time;
    this.#times = options.times;
  }

  /**
   * What `asked` comes to, for as long as any store answers. Throws `NobodyAnswers` when none does; whether
   * what was asked for was done all the same is unknown then.
   */
  async wait<Result>(asked: Promise<Result>): Promise<Result> {
    for (;;) {
      let answer: Result | typeof SILENCE;
      try {
        answer = await within(this.#timers, this.#times.patienceMs, asked);
      } catch (error) {
        if (!isAway(error) || (await this.#anyAnswers())) throw error;
        throw new NobodyAnswers(error);
      }
      if (answer !== SILENCE) return answer;
      if (!(await this.#anyAnswers())) throw new NobodyAnswers(undefined);
    }
  }

  /** Whether any store answers. Those who ask at the same time share the answer. */
  #anyAnswers(): Promise<boolean> {
    this.#answering ??= this.#ask().finally(() => {
      this.#answering = undefined;
    });
    return this.#answering;
  }

  async #ask(): Promise<boolean> {
    const { reachLedger, reachCopies } = this.#stores;
    const asked = [reachLedger(), ...(reachCopies === undefined ? [] : [reachCopies()])];
    try {
      const first = await within(this.#timers, this.#times.answerMs, Promise.any(asked));
      return first !== SILENCE;
    } catch {
      return false;
    }
  }
}

/** No store answered. */
export class NobodyAnswers extends StoresAway {
  constructor(cause: unknown) {
    super('No store answers; nothing was changed.', cause);
  }
}
