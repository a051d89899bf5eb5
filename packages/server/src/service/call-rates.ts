/**
 * A call's rates: how much it takes from each before it is made, and how much it took in truth.
 *
 * Before the call that is the safe upper bound, like the money that is set aside; the settlement makes up the
 * difference, as far as the algorithm can. A ceiling on one user's share of a budget is a rate, too: slots that
 * count the money set aside, and are free when the call ends.
 */
import type { RateView } from '@bursar/api';
import {
  type AccountId,
  type Amount,
  type Counted,
  type InstantMs,
  type Json,
  type LimiterId,
  type LimiterPolicy,
  type RateAnswer,
  type RateHit,
  type Scope,
  totalInputTokens,
  totalOutputTokens,
  type Usage,
  windowOfLimiter,
} from '@bursar/core';
import { isoOf } from './budget-view.ts';
import type { CallEstimate } from './call-estimate.ts';

/** One rate that a call is subject to. */
export interface CallRate {
  readonly limiter: LimiterId;
  readonly policy: LimiterPolicy;
  readonly scope: Scope;
  /** The name of the rule, or of the budget. */
  readonly name: string;
  readonly counts: Counted;
  /** The account of which this is the ceiling on one user's share; absent of a rate limit. */
  readonly shareOf?: AccountId;
}

/** A rate whose truth is known when the call has ended, as it is kept with the reservation's terms. */
export interface TrueRate {
  readonly limiter: LimiterId;
  readonly policy: LimiterPolicy;
  readonly counts: Exclude<Counted, 'requests'>;
}

/**
 * What a call for which `asked` is set aside takes from `rates`. To take nothing from a rate limit asks whether
 * anything is left; of a share, nothing is always a share that one may have.
 */
export function hitsOf(rates: readonly CallRate[], asked: CallEstimate): readonly RateHit[] {
  return rates.flatMap(({ limiter, policy, counts, shareOf }) => {
    const permits = permitsFor(counts, asked);
    return shareOf !== undefined && permits === 0 ? [] : [{ limiter, policy, permits }];
  });
}

/** The tokens of a batch are none of a limit on how fast calls go: it is answered within a day. */
function permitsFor(counts: Counted, { amount, bounds: ofAll }: CallEstimate): number {
  const bounds = ofAll?.many === undefined ? ofAll : undefined;
  switch (counts) {
    case 'requests':
      return 1;
    case 'inputTokens':
      return bounds?.inputTokens ?? 0;
    case 'outputTokens':
      return bounds?.outputTokensMax ?? 0;
    case 'totalTokens':
      return bounds === undefined ? 0 : bounds.inputTokens + bounds.outputTokensMax;
    case 'units':
      // Nobody knows before; a limit with nothing left refuses all the same.
      return 0;
    case 'money':
      return amount ?? 0;
  }
}

/** Those of `rates` that the settlement can put right: a request stays one, and slots are free when it ends. */
export function trueRatesOf(rates: readonly CallRate[]): readonly TrueRate[] {
  return rates.flatMap(({ limiter, policy, counts }) =>
    counts === 'requests' || policy.algorithm === 'concurrency'
      ? []
      : [{ limiter, policy, counts }],
  );
}

/** What is known of a call when it has ended. */
export interface TrueUse {
  readonly usage: Usage | undefined;
  readonly cost: Amount;
  /** Of the product's own kind, 0 … `AMOUNT_MAX`. */
  readonly units: number | undefined;
}

/** What a call has taken in truth from `rates`; nothing of those of which nothing was reported. */
export function chargesOf(rates: readonly TrueRate[], use: TrueUse): readonly RateHit[] {
  return rates.flatMap(({ limiter, policy, counts }) => {
    const permits = truePermits(counts, use);
    return permits === undefined ? [] : [{ limiter, policy, permits }];
  });
}

function truePermits(
  counts: TrueRate['counts'],
  { usage, cost, units }: TrueUse,
): number | undefined {
  switch (counts) {
    case 'money':
      return cost;
    case 'units':
      return units;
    case 'inputTokens':
      return usage && totalInputTokens(usage);
    case 'outputTokens':
      return usage && totalOutputTokens(usage);
    case 'totalTokens':
      return usage && totalInputTokens(usage) + totalOutputTokens(usage);
  }
}

/** The rate limits as they stand after the call was admitted, the one with the smallest part left first. */
export function rateViewsOf(
  answers: readonly RateAnswer[],
  rates: readonly CallRate[],
  nowMs: InstantMs,
): readonly RateView[] {
  return answers
    .flatMap((answer) => {
      const rate = rates.find(({ limiter }) => limiter === answer.limiter);
      return rate === undefined || rate.shareOf !== undefined
        ? []
        : [rateViewOf(answer, rate, nowMs)];
    })
    .toSorted((a, b) => partLeft(a) - partLeft(b));
}

/** One rate limit as it stands at `nowMs`. */
export function rateViewOf(
  { view }: RateAnswer,
  rate: Pick<CallRate, 'scope' | 'name' | 'counts' | 'policy'>,
  nowMs: InstantMs,
): RateView {
  const { limit, used, remaining, resetAtMs } = view;
  const { scope, name, counts, policy } = rate;
  const renews = policy.algorithm === 'fixed-window';
  return {
    scope,
    name,
    counts,
    limit,
    used,
    remaining,
    windowMs: windowOfLimiter(policy),
    resetAt: isoOf(resetAtMs),
    renewsAfterMs: renews ? Math.max(1, resetAtMs - nowMs) : null,
  };
}

function partLeft({ remaining, limit }: RateView): number {
  return limit === 0 ? 0 : remaining / limit;
}

/** `rates` as they are stored; `trueRatesFromJson` reads them back. */
export function trueRatesToJson(rates: readonly TrueRate[]): Json {
  return rates.map(({ limiter, policy, counts }) => [limiter, counts, { ...policy }]) as Json;
}

/** What `trueRatesToJson` made `stored` from; none if nothing is stored. */
export function trueRatesFromJson(stored: Json | undefined): readonly TrueRate[] {
  if (!Array.isArray(stored)) return [];
  return (stored as readonly (readonly [LimiterId, TrueRate['counts'], LimiterPolicy])[]).map(
    ([limiter, counts, policy]) => ({ limiter, counts, policy }),
  );
}
