/**
 * The policy book: the policies in force in this process, and what they say about a caller.
 *
 * A new set is pushed, and asked for each second besides, so that it is in force here within a second of being
 * put anywhere. While it cannot be asked for the last one stays. Nothing here waits on the way of a call: what
 * a caller is subject to is remembered until the policies or their dates say something else.
 */
import {
  type Caller,
  type Clock,
  type InstantMs,
  type Json,
  type LimiterPolicy,
  type Policies,
  resolve,
  type Resolution,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import type { PolicyStore } from './policy-store.ts';
import { readPolicies } from './read-policies.ts';

/** Pause between two questions for a newer set, where others may put one: the longest that a lost push costs. */
export const POLICY_POLL_MS = 1_000;
/** Most callers whose resolution is remembered. */
const CALLERS_MAX = 20_000;

/** A resolution and since when it is known to hold. */
interface Remembered {
  readonly resolution: Resolution<LimiterPolicy>;
  readonly fromMs: InstantMs;
}

/** What is in force. */
export interface InForce {
  readonly policies: Policies<LimiterPolicy>;
  /** As people wrote it. */
  readonly document: Json;
}

/** Knows the policies. */
export class PolicyBook {
  readonly #store: PolicyStore;
  readonly #time: Clock & Timers;
  readonly #log: Log;
  readonly #callers = new LRUCache<string, Remembered>({ max: CALLERS_MAX });
  #inForce: InForce;
  #refreshing: Promise<void> | undefined;
  #isAskedAgain = false;
  #cancelPoll: (() => void) | undefined;
  #stopListening: (() => Promise<void>) | undefined;
  #isStopped = false;
  #isFailing = false;
  #isReady = false;
  /** Resolves when the policies were asked for once. */
  readonly ready: Promise<void>;

  /** `builtIn` is in force until a set is found. */
  constructor(options: {
    readonly store: PolicyStore;
    readonly builtIn: Json;
    readonly time: Clock & Timers;
    readonly log: Log;
  }) {
    this.#store = options.store;
    this.#time = options.time;
    this.#log = options.log;
    this.#inForce = { policies: readPolicies(options.builtIn), document: options.builtIn };
    this.ready = this.#start();
  }

  /** The policies in force in this process. */
  get inForce(): InForce {
    return this.#inForce;
  }

  /** Whether they were asked for once, so that nobody has to wait for it any more. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** What a call of `caller` at `nowMs` is subject to. Throws like core's `resolve`. */
  resolve(caller: Caller, nowMs: InstantMs): Resolution<LimiterPolicy> {
    const key = keyOf(caller);
    const known = this.#callers.get(key);
    if (known !== undefined && known.fromMs <= nowMs && nowMs < known.resolution.validUntilMs) {
      return known.resolution;
    }
    const resolution = resolve(this.#inForce.policies, caller, nowMs);
    this.#callers.set(key, { resolution, fromMs: nowMs });
    return resolution;
  }

  /** Puts the newest set in force. Never rejects: what is in force stays if there is no answer. */
  refresh(): Promise<void> {
    if (this.#refreshing !== undefined) {
      // Who asks now may know of one that the question under way is too early for.
      this.#isAskedAgain = true;
      return this.#refreshing;
    }
    const refreshing = this.#refreshAll();
    this.#refreshing = refreshing;
    return refreshing;
  }

  /** Stops asking. What is in force stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPoll?.();
    await this.#stopListening?.();
    await this.#refreshing;
  }

  async #start(): Promise<void> {
    await this.refresh();
    this.#isReady = true;
    if (this.#isStopped || !this.#store.isShared) return;
    this.#stopListening = this.#store.listen?.(() => void this.refresh());
    this.#pollLater();
  }

  #pollLater(): void {
    this.#cancelPoll = this.#time.after(POLICY_POLL_MS, () => {
      void this.refresh().finally(() => {
        if (!this.#isStopped) this.#pollLater();
      });
    });
  }

  async #refreshAll(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#refreshOnce();
    } while (this.#isAskedAgain && !this.#isStopped);
    // At once: who asked between the last look and a later moment would never be answered.
    this.#refreshing = undefined;
  }

  async #refreshOnce(): Promise<void> {
    try {
      const found = await this.#store.newest(this.#inForce.policies.set.version);
      this.#isFailing = false;
      if (found === undefined) return;
      const document = JSON.parse(found.document) as Json;
      this.#inForce = { policies: readPolicies(document), document };
      this.#callers.clear();
      this.#log.info({ version: found.version, putBy: found.putBy }, 'new policies are in force');
    } catch (error) {
      const { version } = this.#inForce.policies.set;
      const level = this.#isFailing ? 'debug' : 'warn';
      this.#isFailing = true;
      this.#log[level](
        { error, version },
        'newer policies cannot be read; the last ones stay in force',
      );
    }
  }
}

/** No two callers have the same one, whatever their names hold: each is said to be so long. */
function keyOf({ tenant, class: principal, scopes }: Caller): string {
  let key = `${tenant} ${principal}`;
  for (const { kind, name } of scopes) key += ` ${kind.length} ${kind} ${name.length} ${name}`;
  return key;
}
