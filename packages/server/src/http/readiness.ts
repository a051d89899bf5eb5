/**
 * Readiness: whether this server should get requests, and in which mode it works.
 *
 * `healthz` only says that the process is alive; this asks the store. Answers are shared for a second, so
 * that asking often costs the store nothing.
 */
import { type Clock, formatUsd, type InstantMs, type Tier } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { ModeName, ModeSource } from '../modes/mode.ts';

/** How long one answer of the store is shared, and how long the store may take for one. */
const READINESS_SHARED_MS = 1_000;
export const READINESS_TIMEOUT_MS = 2_000;

/** The body of `/readyz`. */
export interface ReadinessReport {
  readonly status: 'ready' | 'draining' | 'unavailable';
  /** Which stores decide; see `ModeView`. `closed`: none answers, and every call is refused. */
  readonly mode: ModeName;
  /** Why it is not the usual mode; `null` when it is. */
  readonly reason: string | null;
  /** What may be spent beyond all limits together in this mode, decimal USD. */
  readonly worstOverspendUsd: string;
  /** Name of the store's driver. */
  readonly store: string;
  readonly migrations: 'current' | 'behind' | 'unknown';
  /** Since when the server has been in this mode, ISO 8601. */
  readonly since: string;
}

/** What readiness is asked of. */
export interface ReadinessOptions {
  readonly tier: Pick<Tier, 'name' | 'nowMs'>;
  /** Whether the store's schema is the one this version was written for. */
  readonly isCurrent: () => Promise<boolean>;
  /** Which stores decide; a store that is one of several is away without the server being so. */
  readonly modes: ModeSource;
  readonly time: Clock & Timers;
}

interface Answer {
  readonly isUp: boolean;
  readonly migrations: ReadinessReport['migrations'];
}

/** Knows whether the server is ready. */
export class Readiness {
  readonly #options: ReadinessOptions;
  #isDraining = false;
  #mode: ModeName;
  #sinceMs: InstantMs;
  #shared: { readonly untilMs: number; readonly answer: Promise<Answer> } | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#mode = options.modes.mode().mode;
    this.#sinceMs = options.time.nowMs();
  }

  /** From now on the server is not ready, whatever the store says. */
  drain(): void {
    this.#isDraining = true;
  }

  /** The present state; takes at most `READINESS_TIMEOUT_MS`. Never rejects. */
  async report(): Promise<ReadinessReport> {
    const { time, tier } = this.#options;
    const nowMs = time.nowMs();
    if (this.#shared === undefined || nowMs >= this.#shared.untilMs) {
      this.#shared = { untilMs: nowMs + READINESS_SHARED_MS, answer: this.#askStore() };
    }
    const { isUp, migrations } = await this.#shared.answer;
    const known = this.#options.modes.mode();
    const mode = known.mode === 'direct' && !isUp ? 'closed' : known.mode;
    if (mode !== this.#mode) {
      this.#mode = mode;
      this.#sinceMs = time.nowMs();
    }
    const isReady = mode !== 'closed' && migrations !== 'behind';
    return {
      status: this.#isDraining ? 'draining' : isReady ? 'ready' : 'unavailable',
      mode,
      reason: mode === known.mode ? known.reason : 'The store does not answer; calls are refused.',
      worstOverspendUsd: formatUsd(known.worstOverspend),
      store: tier.name,
      migrations,
      since: new Date(this.#sinceMs).toISOString(),
    };
  }

  #askStore(): Promise<Answer> {
    const { time, tier, isCurrent } = this.#options;
    return new Promise((resolve) => {
      const closed: Answer = { isUp: false, migrations: 'unknown' };
      const cancel = time.after(READINESS_TIMEOUT_MS, () => resolve(closed));
      const answer = (given: Answer): void => {
        cancel();
        resolve(given);
      };
      Promise.all([tier.nowMs(), isCurrent()]).then(
        ([, current]) => answer({ isUp: true, migrations: current ? 'current' : 'behind' }),
        () => answer(closed),
      );
    });
  }
}
