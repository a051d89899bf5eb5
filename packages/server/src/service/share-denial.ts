/** Denials because one user would have too much of a budget's money set aside at once. */
import type { ExceededShare } from '@bursar/api';
import { type Amount, assert, formatUsd, type Refused } from '@bursar/core';
import { budgetViewOf } from './budget-view.ts';
import type { CallRate } from './call-rates.ts';

/** The shares that a call of `needed` would pass, the one by most first. */
export function exceededShares(
  { rates: answers = [], accounts }: Refused,
  asked: readonly CallRate[],
  needed: Amount,
): readonly ExceededShare[] {
  return answers
    .flatMap(({ limiter, admits, view }) => {
      const rate = asked.find((candidate) => candidate.limiter === limiter);
      if (admits || rate?.shareOf === undefined) return [];
      const account = accounts.find(({ id }) => id === rate.shareOf);
      assert(account !== undefined, 'a ceiling is on an account of the call');
      return [{ account, view, missing: needed - view.remaining }];
    })
    .toSorted((a, b) => b.missing - a.missing || (a.account.id < b.account.id ? -1 : 1))
    .map(({ account, view, missing }) => ({
      budget: budgetViewOf(account),
      heldByCallerUsd: formatUsd(view.used as Amount),
      shareMaxUsd: formatUsd(view.limit as Amount),
      missingUsd: formatUsd(missing as Amount),
    }));
}
