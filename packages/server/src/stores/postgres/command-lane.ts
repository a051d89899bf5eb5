/**
 * One lane of batches: what arrives while a batch runs goes together into the next.
 *
 * An idle command does not wait, a burst shares transactions (group commit), and commands on one account
 * queue here in the process instead of on the row's lock. Bounded; refuses when full.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BursarError } from '@bursar/core';

/** Most commands in one batch. */
export const BATCH_COMMANDS_MAX = 256;
/** Most commands that wait. */
export const LANE_COMMANDS_MAX = 20_000;

/** A command and whoever waits for its answer. */
export interface Waiting<Command, Answer> {
  readonly command: Command;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs batches one after the other through `run`, which must answer every command it is given. */
export class CommandLane<Command, Answer> {
  readonly #run: (batch: readonly Waiting<Command, Answer>[]) => Promise<void>;
  #queue: Waiting<Command, Answer>[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(run: (batch: readonly Waiting<Command, Answer>[]) => Promise<void>) {
    this.#run = run;
  }

  /** The answer to `command`. Throws `store_unavailable` when the lane is full or closed. */
  send(command: Command): Promise<Answer> {
    if (this.#isClosed || this.#queue.length >= LANE_COMMANDS_MAX) {
      return Promise.reject(
        new BursarError('store_unavailable', {
          message: this.#isClosed
            ? 'The store is closed.'
            : 'Too many commands wait for the store; nothing was changed.',
          retryAfterMs: 1_000,
        }),
      );
    }
    return new Promise<Answer>((resolve, reject) => {
      this.#queue.push({ command, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Refuses new commands and resolves when the last batch has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // One turn of the event loop, in which requests that have arrived join the batch. PGlite computes on
      // this thread and answers by microtasks: without the turn nobody else would be heard between batches.
      await nextTurn();
      const batch = this.#queue.slice(0, BATCH_COMMANDS_MAX);
      this.#queue = this.#queue.slice(BATCH_COMMANDS_MAX);
      await this.#run(batch);
    }
    this.#running = undefined;
  }
}
