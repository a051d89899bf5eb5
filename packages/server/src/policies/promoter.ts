/**
 * The promoter: carries out the promotions of the policies in force, by putting a new set with other assignments.
 *
 * Owns the rhythm and how much is read at a time; what is due is decided by core. Any number of servers may run one:
 * a set is put only if it follows the one that was read, so of several servers one wins, and what a person puts
 * meanwhile is never overwritten. Whoever lost sees the new set, in which nothing is left to do, at the next run.
 */
import { NOTE_LENGTH_MAX } from '@bursar/api';
import { type Clock, isBursarError, type Json, type PolicySet, utf8Bytes } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import type { PolicyBook } from './policy-book.ts';
import { POLICIES_BYTES_MAX, type PolicyStore } from './policy-store.ts';
import {
  candidatesIn,
  noteOn,
  type Standing,
  standingsOf,
  withPromotions,
} from './promotions-due.ts';
import { readPolicies } from './read-policies.ts';
import { SPEND_SCOPES_MAX, type SpendFacts } from './spend-facts.ts';

/** Pause between two runs: the longest that somebody waits for a promotion that is due. */
export const PROMOTION_INTERVAL_MS = 60_000;
/** Most questions of one run. Of more scopes than these are about, the next run looks at the next ones. */
export const PROMOTION_BATCHES_MAX = 10;

/** Who puts the sets, in the history. */
const PUT_BY = 'promotion';

/** Moves scopes to the plans that they have grown into, until it is stopped. */
export class Promoter {
  readonly #book: PolicyBook;
  readonly #store: PolicyStore;
  readonly #spend: SpendFacts;
  readonly #time: Clock & Timers;
  readonly #log: Log;
  /** The assignment with which the next run begins. */
  #next = 0;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #isStarted = false;
  #isFailing = false;

  constructor(options: {
    readonly book: PolicyBook;
    readonly store: PolicyStore;
    readonly spend: SpendFacts;
    readonly time: Clock & Timers;
    readonly log: Log;
  }) {
    this.#book = options.book;
    this.#store = options.store;
    this.#spend = options.spend;
    this.#time = options.time;
    this.#log = options.log;
  }

  /** Begins with a run after the first pause. Starting twice changes nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule();
  }

  /** No run begins after this; resolves when the running one is done. May be repeated. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(): void {
    this.#cancel = this.#time.after(PROMOTION_INTERVAL_MS, () => {
      this.#running = this.#run().then(() => {
        if (this.#isStarted) this.#schedule();
      });
    });
  }

  /** One run. Never rejects. */
  async #run(): Promise<void> {
    try {
      await this.#promoteAll();
      this.#isFailing = false;
    } catch (error) {
      if (isBursarError(error) && error.code === 'policy_conflict') {
        this.#log.debug(
          { error },
          'others put policies meanwhile; promotions wait for the next run',
        );
        await this.#book.refresh();
        return;
      }
      const level = this.#isFailing ? 'debug' : 'warn';
      this.#isFailing = true;
      this.#log[level]({ error }, 'promotions were not carried out; the next run tries again');
    }
  }

  async #promoteAll(): Promise<void> {
    await this.#book.ready;
    const { policies, document } = this.#book.inForce;
    if (policies.set.promotions.length === 0) return;
    const { moved, next } = await this.#due(policies.set);
    if (moved.length > 0) await this.#put(document, moved, policies.set.version);
    this.#next = next;
  }

  /** Puts the set that moves `moved`, to follow version `expected`. */
  async #put(document: Json, moved: readonly Standing[], expected: number): Promise<void> {
    const version = expected + 1;
    const promoted = withPromotions(document, moved, version);
    const text = JSON.stringify(promoted);
    if (utf8Bytes(text) > POLICIES_BYTES_MAX) {
      throw new Error(
        `with the promotions the policies would have more than ${POLICIES_BYTES_MAX} bytes`,
      );
    }
    // What cannot be kept must not be put, by nobody.
    readPolicies(promoted);
    const note = noteOn(moved, NOTE_LENGTH_MAX);
    await this.#store.put({ version, document: text, putBy: PUT_BY, note }, expected);
    this.#log.info({ version, moved: moved.length }, 'promotions were carried out');
    await this.#book.refresh();
  }

  /** Those whose promotion is due, of as many as one run looks at, and where the next run is to begin. */
  async #due(set: PolicySet): Promise<{ moved: readonly Standing[]; next: number }> {
    const nowMs = this.#time.nowMs();
    const moved: Standing[] = [];
    let next = this.#next;
    for (let batch = 0; batch < PROMOTION_BATCHES_MAX; batch += 1) {
      const candidates = candidatesIn(set, next, SPEND_SCOPES_MAX);
      const standings = await standingsOf(set, candidates, this.#spend, nowMs);
      moved.push(...standings.filter(({ promotion }) => promotion.steps.length > 0));
      const last = candidates.at(-1);
      if (last === undefined || candidates.length < SPEND_SCOPES_MAX) return { moved, next: 0 };
      next = last.index + 1;
    }
    return { moved, next };
  }
}
