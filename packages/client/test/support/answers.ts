/** Answers to `meter.reserve`, as a server with one limiter gives them. */
import type { Allowed, BudgetExhausted, RateLimited, RateView, ReserveOutput } from '@bursar/api';
import {
  type Counted,
  decideLimiter,
  type InstantMs,
  type LimiterPolicy,
  type LimiterState,
  type LimiterView,
  type ReservationId,
  windowOfLimiter,
} from '@bursar/core';

/** A limit of one user, as far from real as tests of the pacer can do with: it decides as the real one does. */
export class OneLimit {
  readonly #policy: LimiterPolicy;
  readonly #counts: Counted;
  readonly #name: string;
  #state: LimiterState | undefined;

  constructor(policy: LimiterPolicy, counts: Counted = 'requests', name = 'pace') {
    this.#policy = policy;
    this.#counts = counts;
    this.#name = name;
  }

  /** What a call that takes `permits` is answered at `nowMs`. */
  answer(permits: number, nowMs: number): ReserveOutput {
    const take = { permits, reservation: 'call' as ReservationId, deadlineAtMs: 0 as InstantMs };
    const { admitted, state, view } = decideLimiter(
      this.#policy,
      this.#state,
      take,
      nowMs as InstantMs,
    );
    this.#state = state;
    return admitted ? allowed([this.#rate(view, nowMs)], permits) : this.#refusal(view, nowMs);
  }

  #refusal(view: LimiterView, nowMs: number): RateLimited {
    const { retryAtMs } = view;
    const retryAt = retryAtMs === null ? null : new Date(retryAtMs).toISOString();
    return {
      decision: 'denied',
      reason: 'rate_limited',
      rates: [{ ...this.#rate(view, nowMs), retryAt }],
      retryAfterMs: retryAtMs === null ? null : Math.max(1, retryAtMs - nowMs),
    } as Partial<RateLimited> as RateLimited;
  }

  #rate({ limit, used, remaining, resetAtMs }: LimiterView, nowMs: number): RateView {
    const renews = this.#policy.algorithm === 'fixed-window';
    return {
      scope: { kind: 'user', name: 'alice' },
      name: this.#name,
      counts: this.#counts,
      limit,
      used,
      remaining,
      windowMs: windowOfLimiter(this.#policy),
      resetAt: new Date(resetAtMs).toISOString(),
      renewsAfterMs: renews ? Math.max(1, resetAtMs - nowMs) : null,
    };
  }
}

/** A call that was let through, and stands so with its rates. */
export function allowed(rates: readonly RateView[], outputTokensMax = 0): Allowed {
  return {
    decision: 'allowed',
    heldUsd: '0.001',
    outputTokensMax,
    rates,
  } as Partial<Allowed> as Allowed;
}

/** A call for which there is no money. */
export const BROKE = {
  decision: 'denied',
  reason: 'budget_exhausted',
} as Partial<BudgetExhausted> as BudgetExhausted;
