/**
 * Clamping: a call that does not fit is tried again with as much output as does, if its caller allows that.
 *
 * Each try is a decision of its own, all or nothing, so that no race can admit more than fits: a refusal says
 * how much room there was, and when somebody else takes it meanwhile the next one is refused too. All tries
 * are one request: they have one id and one fingerprint, and the first that is admitted answers every repeat.
 */
import {
  type Amount,
  estimate,
  type EstimateInput,
  type Outcome,
  type Refused,
  shortfall,
  type WrongPeriod,
} from '@bursar/core';
import type { CallEstimate } from './call-estimate.ts';
import { outputFitting } from './denial.ts';
import type { Terms } from './terms.ts';

/** Most decisions for one request. Only races make it more than two. */
const TRIES_MAX = 4;

/** What one try is answered. */
type Answer = Exclude<Outcome, WrongPeriod>;

/** How it ended. */
export interface Clamped {
  /** A refusal is about the call as it was asked for, on the accounts as they were at the last try. */
  readonly outcome: Answer;
  /** What was asked for in the last try. */
  readonly asked: CallEstimate;
}

/**
 * Has `reserve` decide the call as it is `wanted`; if that is refused, again with fewer output tokens, as many as
 * fit and at least `outputTokensMin`.
 */
export async function reserveClamped(
  wanted: CallEstimate,
  outputTokensMin: number,
  reserve: (asked: CallEstimate) => Promise<Answer>,
): Promise<Clamped> {
  let asked = wanted;
  let refused: Refused | undefined;
  for (let tries = 1; ; tries += 1) {
    const outcome = await reserve(asked);
    if (outcome.outcome !== 'denied') return { outcome, asked };
    refused = refused === undefined ? outcome : asWanted(wanted, refused, outcome);
    const smaller = tries < TRIES_MAX ? fitting(asked, outcome, outputTokensMin) : undefined;
    if (smaller === undefined) return { outcome: refused, asked };
    asked = smaller;
  }
}

/**
 * The terms of a call of which `asked` is set aside and `wanted` was wanted. A batch has no output of its own: nothing
 * is learned from the sum of many.
 */
export function termsFor(
  terms: Terms,
  wanted: CallEstimate,
  asked: CallEstimate,
  feature: string | undefined,
): Terms {
  if (asked.bounds === undefined || asked.bounds.many !== undefined) return terms;
  const { outputTokensMax: tokensMax } = asked.bounds;
  const output = { tokensMax, basis: asked.basis, clamped: asked !== wanted };
  return { ...terms, output: feature === undefined ? output : { ...output, feature } };
}

/** `asked` with the output that fits; nothing when that is too little. */
function fitting(
  { bounds, basis }: CallEstimate,
  refused: Refused,
  outputTokensMin: number,
): CallEstimate | undefined {
  if (bounds === undefined) return undefined;
  const outputTokensMax = outputFitting(refused, bounds) ?? 0;
  // Were it not less, the same would be refused again.
  if (outputTokensMax < outputTokensMin || outputTokensMax >= bounds.outputTokensMax) {
    return undefined;
  }
  const clamped: EstimateInput = { ...bounds, outputTokensMax };
  return { amount: estimate(clamped), bounds: clamped, basis };
}

/** The refusal of a smaller try, `latest`, as one of what was wanted: what refused it refused that all the more. */
function asWanted({ amount }: CallEstimate, before: Refused, latest: Refused): Refused {
  const named = new Set([...before.shortfalls, ...latest.shortfalls].map(({ account }) => account));
  const shortfalls = latest.accounts
    .filter(({ id }) => named.has(id))
    .map((account) => ({ account: account.id, missing: shortfall(account, amount as Amount) }))
    .filter(({ missing }) => missing > 0);
  // Something else than room may have been in the way of either.
  return shortfalls.length === 0 ? before : { ...latest, shortfalls };
}
