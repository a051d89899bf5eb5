/**
 * A link of a simulated network between a server and a store: delays, losses, cuts.
 *
 * A request that never arrives and an answer that gets lost look the same to the caller: `store_timeout`.
 * What is refused before anything was sent is `store_unavailable`.
 */
import { BursarError } from '@bursar/core';
import type { SimRandom } from './sim-random.ts';
import type { SimTime } from './sim-time.ts';

/** One end of a link: a process that may be dead or stopped when an answer arrives. */
export interface SimProcess {
  /** Calls `resume` when the process runs; never, if it is dead. */
  whenRunning(resume: () => void): void;
}

/** What is wrong with a link. */
export type LinkFault = 'none' | 'cut' | 'blackhole' | 'one-way';

export interface LinkOptions {
  readonly time: SimTime;
  readonly random: SimRandom;
  readonly process: SimProcess;
  readonly timeoutMs: number;
}

/** A way to one store. */
export class SimLink {
  fault: LinkFault = 'none';
  /** Added to each way, in milliseconds. */
  slowMs = 0;
  /** Probabilities of small accidents on a link that works. */
  lossy = { request: 0, reply: 0, twice: 0 };
  readonly #options: LinkOptions;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Carries a request to the store, and its answer back. `arrive` throws when the store is not there. */
  call<Result>(arrive: () => Promise<Result>): Promise<Result> {
    const { time, random, process, timeoutMs } = this.#options;
    return new Promise<Result>((resolve, reject) => {
      const finish = (end: () => void): void => process.whenRunning(end);
      if (this.fault === 'cut') {
        time.after(1, () => finish(() => reject(unavailable('the link is cut'))));
        return;
      }
      let isOver = false;
      const cancelTimeout = time.after(timeoutMs, () => {
        isOver = true;
        finish(() => reject(new BursarError('store_timeout', { message: 'no answer in time' })));
      });
      const answer = (end: () => void): void => {
        if (isOver || this.fault === 'one-way' || random.chance(this.lossy.reply)) return;
        time.after(this.#delay(), () => {
          if (isOver || this.fault === 'one-way' || this.fault === 'cut') return;
          isOver = true;
          cancelTimeout();
          finish(end);
        });
      };
      if (this.fault === 'blackhole' || random.chance(this.lossy.request)) return;
      time.after(this.#delay(), () => {
        if (this.fault === 'blackhole' || this.fault === 'cut') return;
        const result = arrive();
        if (random.chance(this.lossy.twice)) void arrive().catch(() => undefined);
        result.then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    });
  }

  #delay(): number {
    return this.#options.random.whole(0, 2) + this.slowMs;
  }
}

export function unavailable(message: string): BursarError {
  return new BursarError('store_unavailable', { message });
}
