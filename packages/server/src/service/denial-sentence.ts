/**
 * A denial in English, made from its data and from nothing else: whatever the sentence says, a program can read
 * in the fields. The only place that words denials.
 */
import type {
  BudgetExhausted,
  BudgetView,
  Denied,
  ExhaustedRate,
  LimitTooSmall,
  OwnKeyView,
  RateLimited,
  RequestTooLarge,
  ShareExceeded,
} from '@bursar/api';
import { type Amount, formatUsd, parseUsd } from '@bursar/core';

/** A denial that is not worded yet. */
export type Unworded<D extends Denied = Denied> = D extends Denied ? Omit<D, 'message'> : never;

/** `denial` with its sentence. */
export function worded(denial: Unworded): Denied {
  return { ...denial, message: denialSentence(denial) };
}

/** What `denial` says, in English sentences for people. */
export function denialSentence(denial: Unworded): string {
  const { outputTokensThatFit, ownKey } = denial;
  const fits =
    outputTokensThatFit === null
      ? []
      : [`It fits now with at most ${outputTokensThatFit} output tokens.`];
  return [...sentencesOf(denial, fits), ...(ownKey === null ? [] : [ofOwnKey(ownKey)])].join(' ');
}

/** `fits` stands where what would help now belongs. */
function sentencesOf(denial: Unworded, fits: readonly string[]): readonly string[] {
  switch (denial.reason) {
    case 'budget_exhausted':
      return [...ofShortBudgets(denial, fits), ofNextPeriod(denial)];
    case 'limit_too_small':
      return [
        ...ofShortBudgets(denial, fits),
        `It is more than the whole limit of $${wholeOf(denial.budget)}: it fits in no period unless the limit is raised.`,
      ];
    case 'rate_limited':
      return [...ofRates(denial), ...fits];
    case 'share_exceeded':
      return [...ofShares(denial), ...fits];
    case 'request_too_large':
      return ofSize(denial);
  }
}

function ofShortBudgets(
  denial: Unworded<BudgetExhausted | LimitTooSmall>,
  fits: readonly string[],
): readonly string[] {
  const { budget, neededUsd, heldUsd, missingUsd, budgets } = denial;
  const already = parseUsd(heldUsd) > 0 ? `, of which $${heldUsd} is set aside already` : '';
  const running = parseUsd(budget.reservedUsd) - parseUsd(heldUsd);
  return [
    `The ${nameOf(budget)} does not cover this call: it may cost up to $${neededUsd}${already}; ` +
      `$${roomIn(budget)} is available, $${missingUsd} is missing.`,
    ...budgets.slice(1).map((short) => `The ${nameOf(short.budget)} lacks $${short.missingUsd}.`),
    ...fits,
    ...(running >= parseUsd(missingUsd)
      ? [`$${formatUsd(running as Amount)} is set aside for other calls and may become free.`]
      : []),
  ];
}

function ofNextPeriod({ fitsAgainAt, budgets }: Unworded<BudgetExhausted>): string {
  if (fitsAgainAt === null) return 'There is no next period: it fits only if the limit is raised.';
  return budgets.length === 1
    ? `The next period begins at ${fitsAgainAt}.`
    : `The last of their next periods begins at ${fitsAgainAt}.`;
}

function ofRates({ rates, retryAfterMs }: Unworded<RateLimited>): readonly string[] {
  return [
    ...rates.map(
      (rate) =>
        `The rate ${JSON.stringify(rate.name)} of ${scopeOf(rate)} has no room for this call: ${remainingOf(rate)}.`,
    ),
    retryAfterMs === null
      ? 'It needs more than the whole limit: it never fits unless the limit is raised.'
      : `Try again in ${secondsOf(retryAfterMs)}.`,
  ];
}

function remainingOf({ counts, limit, remaining }: ExhaustedRate): string {
  switch (counts) {
    case 'requests':
      return `${remaining} of ${limit} requests remain`;
    case 'inputTokens':
      return `${remaining} of ${limit} input tokens remain`;
    case 'outputTokens':
      return `${remaining} of ${limit} output tokens remain`;
    case 'units':
      return `${remaining} of ${limit} units remain`;
    case 'totalTokens':
      return `${remaining} of ${limit} tokens remain`;
    case 'money':
      return `$${formatUsd(remaining as Amount)} of $${formatUsd(limit as Amount)} remain`;
  }
}

/** Rounded up, so that nobody comes too early. */
function secondsOf(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

function ofShares(denial: Unworded<ShareExceeded>): readonly string[] {
  const { neededUsd } = denial;
  return [
    `This call may cost up to $${neededUsd}, and too much would be set aside for one caller at once.`,
    ...denial.shares.map(
      ({ budget, heldByCallerUsd, shareMaxUsd, missingUsd }) =>
        `Of the ${nameOf(budget)} it may be $${shareMaxUsd}; $${heldByCallerUsd} is, so it is $${missingUsd} too much.`,
    ),
    denial.shares.some(({ shareMaxUsd }) => parseUsd(neededUsd) > parseUsd(shareMaxUsd))
      ? 'The call alone is more than one caller may have.'
      : 'It fits when running calls of the same caller have ended.',
  ];
}

function ofSize({ counts, limit, actual }: Unworded<RequestTooLarge>): readonly string[] {
  return [
    counts === 'bytes'
      ? `The request has ${actual} bytes, and at most ${limit} are accepted.`
      : `The request may have ${actual} input tokens, and at most ${limit} are accepted.`,
  ];
}

function ofOwnKey({ state, provider, howToAdd }: OwnKeyView): string {
  const how = howToAdd === null ? '' : ` ${howToAdd}`;
  switch (state) {
    case 'none':
      return `The user has no key of their own for ${provider} that could pay instead.${how}`;
    case 'rejected':
      return `The user's own key for ${provider} was not accepted by the provider.${how}`;
    case 'not_supported':
      return `Calls to ${provider} cannot be paid with a key of the user's own.${how}`;
  }
}

/** `credit of user "alice" for 2026-11`; budgets of a name of their own are called by it. */
function nameOf(view: BudgetView): string {
  const name = view.budget === 'credit' ? 'credit' : `budget ${JSON.stringify(view.budget)}`;
  return `${name} of ${scopeOf(view)} for ${view.period}`;
}

function scopeOf({ scope }: Pick<BudgetView, 'scope'>): string {
  return `${scope.kind} ${JSON.stringify(scope.name)}`;
}

/** All that may be spent in a period, grants included. */
function wholeOf({ limitUsd, grantedUsd }: BudgetView): string {
  return formatUsd((parseUsd(limitUsd ?? '0') + parseUsd(grantedUsd)) as Amount);
}

/** What is available; nothing where it is less than that by overage. */
function roomIn({ availableUsd }: BudgetView): string {
  return availableUsd === null || availableUsd.startsWith('-') ? '0.00' : availableUsd;
}
