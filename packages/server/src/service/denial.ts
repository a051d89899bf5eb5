/**
 * Denials: why a call may not be made, and what would help.
 *
 * The data is the truth; the sentence is made from it and from nothing else. A denial is an answer and not
 * an error: nothing was set aside anywhere.
 */
import type { BudgetView, Denied } from '@bursar/api';
import {
  type Account,
  type Amount,
  assert,
  available,
  type EstimateInput,
  formatUsd,
  type InstantMs,
  largestOutputFitting,
  larger,
  type Refused,
  ZERO,
} from '@bursar/core';
import { budgetViewOf, isoOf } from './budget-view.ts';

/** What was asked for when the tier refused. */
export interface DeniedRequest {
  /** Wanted in total. */
  readonly needed: Amount;
  /** Set aside or booked for this reservation before; 0 unless it was an extension. */
  readonly alreadyHeld: Amount;
  /** The bounds that `needed` was estimated from; absent when the caller named the amount. */
  readonly estimated: EstimateInput | undefined;
}

/** The answer to a refused reservation or extension. */
export function denialOf(refused: Refused, request: DeniedRequest): Denied {
  const worst = refused.shortfalls.reduce((a, b) => (b.missing > a.missing ? b : a));
  const account = refused.accounts.find(({ id }) => id === worst.account);
  assert(account !== undefined, 'a refusal carries the accounts it names');
  const budget = budgetViewOf(account);
  const outputTokensThatFit = outputFitting(refused, request);
  return {
    decision: 'denied',
    reason: 'budget_exhausted',
    message: sentence(account, budget, worst.missing, request.needed, outputTokensThatFit),
    budget,
    neededUsd: formatUsd(request.needed),
    missingUsd: formatUsd(worst.missing),
    fitsAgainAt: isoOf(account.endAtMs),
    outputTokensThatFit,
  };
}

/** The largest output bound with which the call fits every account that refused it; see `Denied`. */
function outputFitting(refused: Refused, request: DeniedRequest): number | null {
  if (request.estimated === undefined) return null;
  const room = refused.accounts.reduce((least, account) => Math.min(least, roomOf(account)), Infinity);
  const output = largestOutputFitting((request.alreadyHeld + room) as Amount, request.estimated);
  return output >= 1 ? output : null;
}

function roomOf(account: Account): number {
  return Math.max(0, available(account) ?? Infinity);
}

function sentence(
  account: Account,
  budget: BudgetView,
  missing: Amount,
  needed: Amount,
  outputTokensThatFit: number | null,
): string {
  const fitsPeriod = account.limit === null || needed <= account.limit;
  return [
    `The ${budget.budget} of ${budget.scope.kind} ${JSON.stringify(budget.scope.name)} for ${budget.period} does not cover this call:`,
    `it may cost up to $${formatUsd(needed)}, $${formatUsd(larger(ZERO, roomOf(account) as Amount))} is available and $${formatUsd(missing)} is missing.`,
    ...(outputTokensThatFit === null
      ? []
      : [`It fits now with at most ${outputTokensThatFit} output tokens.`]),
    ...(account.reserved >= missing
      ? [`$${formatUsd(account.reserved)} is set aside for running calls and may become free.`]
      : []),
    fitsPeriod
      ? `The next period begins at ${isoOf(account.endAtMs as InstantMs)}.`
      : `It is more than the limit of $${formatUsd(account.limit)}, so it fits in no period unless the limit is raised.`,
  ].join(' ');
}
