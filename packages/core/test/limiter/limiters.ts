/** What the tests of limiters have in common: short takes, and a policy of each algorithm. */
import {
  checkLimiterPolicy,
  decideLimiter,
  type InstantMs,
  type LimiterAlgorithm,
  type LimiterPolicy,
  type LimiterState,
  type LimiterView,
  type ReservationId,
  type Take,
} from '@bursar/core';

export const MINUTE = 60_000;
/** The beginning of a minute, hour and day. */
export const START = Date.UTC(2026, 10, 12);

export function policyOf(value: object): LimiterPolicy {
  return checkLimiterPolicy(value, 'limiter');
}

/** `limit` a minute, or at any moment, for each algorithm. */
export function everyPolicy(limit: number): readonly LimiterPolicy[] {
  return [
    { algorithm: 'token-bucket', capacity: limit, refillPermits: limit, refillEveryMs: MINUTE },
    { algorithm: 'gcra', limit, windowMs: MINUTE, burst: limit },
    { algorithm: 'fixed-window', limit, windowMs: MINUTE },
    { algorithm: 'sliding-window-counter', limit, windowMs: MINUTE },
    { algorithm: 'sliding-window-log', limit, windowMs: MINUTE },
    { algorithm: 'concurrency', limit },
  ].map(policyOf);
}

export function policyNamed(algorithm: LimiterAlgorithm, limit: number): LimiterPolicy {
  const policy = everyPolicy(limit).find((each) => each.algorithm === algorithm);
  if (policy === undefined) throw new Error('every algorithm has a policy');
  return policy;
}

export function takeOf(permits: number, nowMs: number, holder = 1, ttlMs = 30_000): Take {
  const reservation = `acme/0190a0b0-0000-7000-8000-${String(holder).padStart(12, '0')}`;
  return {
    permits,
    reservation: reservation as ReservationId,
    deadlineAtMs: (nowMs + ttlMs) as InstantMs,
  };
}

/** A limiter that keeps its state, as JSON like every store. */
export class TestLimiter {
  readonly policy: LimiterPolicy;
  state: LimiterState | undefined;
  view: LimiterView | undefined;
  #holders = 0;

  constructor(policy: LimiterPolicy) {
    this.policy = policy;
  }

  take(permits: number, nowMs: number, ttlMs?: number): boolean {
    this.#holders += 1;
    const take = takeOf(permits, nowMs, this.#holders, ttlMs);
    const { admitted, state, view } = decideLimiter(
      this.policy,
      this.state,
      take,
      nowMs as InstantMs,
    );
    this.state =
      state === undefined ? undefined : (JSON.parse(JSON.stringify(state)) as typeof state);
    this.view = view;
    return admitted;
  }

  /** How many of `count` takes of `permits` each are admitted at `nowMs`. */
  burst(count: number, permits: number, nowMs: number): number {
    return Array.from({ length: count }, () => this.take(permits, nowMs)).filter(Boolean).length;
  }
}
