/** Denials by rate limits: which of a call's rates do not admit it, and when they will. */
import type { ExhaustedRate, RateLimited } from '@bursar/api';
import { assert, type InstantMs, type RateAnswer } from '@bursar/core';
import { isoOf } from './budget-view.ts';
import { type CallRate, rateViewOf } from './call-rates.ts';

/** The part of a denial that is about rates. */
type RatesDenied = Pick<RateLimited, 'rates' | 'retryAfterMs'>;

/** The rates of `answers` that do not admit the call, the one that takes longest first; nothing if all do. */
export function deniedRates(
  answers: readonly RateAnswer[],
  asked: readonly CallRate[],
  nowMs: InstantMs,
): RatesDenied | undefined {
  const [worst, ...others] = answers
    .filter((answer) => !answer.admits && askedOf(answer, asked).shareOf === undefined)
    .toSorted(byWait);
  if (worst === undefined) return undefined;
  const { retryAtMs } = worst.view;
  return {
    rates: [rateOf(worst, asked, nowMs), ...others.map((other) => rateOf(other, asked, nowMs))],
    retryAfterMs: retryAtMs === null ? null : Math.max(1, retryAtMs - nowMs),
  };
}

/**
 * The largest output bound with which a call of `inputTokens` fits the rates of `answers`; 0 when one of those that do
 * not admit it counts something else than output.
 */
export function outputWithinRates(
  answers: readonly RateAnswer[],
  asked: readonly CallRate[],
  inputTokens: number,
): number {
  return answers
    .filter(({ admits }) => !admits)
    .reduce((least, answer) => {
      const { counts } = askedOf(answer, asked);
      if (counts !== 'totalTokens' && counts !== 'outputTokens') return 0;
      const input = counts === 'totalTokens' ? inputTokens : 0;
      return Math.min(least, Math.max(0, answer.view.remaining - input));
    }, Infinity);
}

function rateOf(answer: RateAnswer, asked: readonly CallRate[], nowMs: InstantMs): ExhaustedRate {
  const { retryAtMs } = answer.view;
  return {
    ...rateViewOf(answer, askedOf(answer, asked), nowMs),
    retryAt: retryAtMs === null ? null : isoOf(retryAtMs),
  };
}

function askedOf({ limiter }: RateAnswer, asked: readonly CallRate[]): CallRate {
  const found = asked.find((rate) => rate.limiter === limiter);
  assert(found !== undefined, 'only limiters that were asked answer');
  return found;
}

/** What never fits takes longest. */
function byWait(a: RateAnswer, b: RateAnswer): number {
  const [first, second] = [a.view.retryAtMs ?? Infinity, b.view.retryAtMs ?? Infinity];
  return first === second ? (a.limiter < b.limiter ? -1 : 1) : second - first;
}
