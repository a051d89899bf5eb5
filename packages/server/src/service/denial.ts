/**
 * Denials: why a call may not be made, and what would help.
 *
 * The data is the truth; the sentence is made from it and from nothing else. A denial is an answer and not
 * an error: nothing was set aside anywhere.
 */
import type { Denied, ModeView } from '@bursar/api';
import {
  type Account,
  type Amount,
  assert,
  available,
  type EstimateInput,
  formatUsd,
  largestOutputFitting,
  type Refused,
} from '@bursar/core';
import { budgetViewOf, isoOf } from './budget-view.ts';

/** What was asked for when the tier refused. */
export interface DeniedRequest {
  /** Wanted in total. */
  readonly needed: Amount;
  /** Set aside or booked for this reservation before; 0 unless it was an extension. */
  readonly alreadyHeld: Amount;
  /** The bounds that `needed` was estimated from; absent when the caller named the amount. */
  readonly bounds: EstimateInput | undefined;
}

/** The answer to a refused reservation or extension. */
export function denialOf(refused: Refused, request: DeniedRequest, mode: ModeView): Denied {
  const worst = refused.shortfalls.reduce((a, b) => (b.missing > a.missing ? b : a));
  const account = refused.accounts.find(({ id }) => id === worst.account);
  assert(account !== undefined, 'a refusal carries the accounts it names');
  const budget = budgetViewOf(account);
  const outputTokensThatFit = outputFitting(refused, request);
  return {
    decision: 'denied',
    reason: 'budget_exhausted',
    message: sentence(account, worst.missing, request, outputTokensThatFit),
    budget,
    neededUsd: formatUsd(request.needed),
    missingUsd: formatUsd(worst.missing),
    fitsAgainAt: isoOf(account.endAtMs),
    outputTokensThatFit,
    mode,
  };
}

/** The largest output bound with which the call fits every account that refused it; see `Denied`. */
function outputFitting(refused: Refused, request: DeniedRequest): number | null {
  if (request.bounds === undefined) return null;
  const room = refused.accounts.reduce(
    (least, account) => Math.min(least, roomOf(account)),
    Infinity,
  );
  const output = largestOutputFitting((request.alreadyHeld + room) as Amount, request.bounds);
  return output >= 1 ? output : null;
}

function roomOf(account: Account): number {
  return Math.max(0, available(account) ?? Infinity);
}

function sentence(
  account: Account,
  missing: Amount,
  { needed, alreadyHeld }: DeniedRequest,
  outputTokensThatFit: number | null,
): string {
  const { scope, budget, period, limitUsd, resetsAt } = budgetViewOf(account);
  const running = account.reserved - alreadyHeld;
  const parts = [
    `The ${budget} of ${scope.kind} ${JSON.stringify(scope.name)} for ${period} does not cover this call:`,
    `it may cost up to $${formatUsd(needed)}` +
      (alreadyHeld > 0 ? `, of which $${formatUsd(alreadyHeld)} is set aside already` : '') +
      `; $${formatUsd(roomOf(account) as Amount)} is available, $${formatUsd(missing)} is missing.`,
  ];
  if (outputTokensThatFit !== null) {
    parts.push(`It fits now with at most ${outputTokensThatFit} output tokens.`);
  }
  if (running >= missing) {
    parts.push(
      `$${formatUsd(running as Amount)} is set aside for other calls and may become free.`,
    );
  }
  parts.push(
    account.limit === null || needed <= account.limit
      ? `The next period begins at ${resetsAt}.`
      : `It is more than the whole limit of $${limitUsd}: it fits in no period unless the limit is raised.`,
  );
  return parts.join(' ');
}
