/**
 * Legs of a call: the accounts that its cost is charged to.
 *
 * Every budget that applies is charged, or the call is not made: there is neither a choice among them nor a
 * call without one.
 */
import type { Amount } from '../amount.ts';
import { accountId } from '../budget/budget.ts';
import type { Period } from '../budget/period.ts';
import { BursarError } from '../errors.ts';
import type { AccountId, BudgetId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { BudgetMode } from './budget-rule.ts';
import type { ResolvedBudget, Resolution } from './resolve.ts';
import { describeMatch } from './scope-match.ts';

/** Most budgets that the policies may charge one call to. */
export const BUDGETS_PER_CALL_MAX = 8;

/** One account that a call is charged to, with the terms it is opened or kept on. */
export interface BudgetLeg {
  readonly account: AccountId;
  readonly budget: BudgetId;
  readonly period: Period;
  /** Without grants; `null` for none. */
  readonly limit: Amount | null;
  readonly granted: Amount;
  /**
   * Version of the policy set that says so, and since when by its dates. Of two answers the one with the
   * higher version counts, and of two with the same the later one.
   */
  readonly policyVersion: number;
  readonly sinceMs: InstantMs;
  readonly mode: BudgetMode;
  /** The most that one caller may have set aside on the account at once; `null` for no ceiling of its own. */
  readonly reservedMax: Amount | null;
}

/**
 * The accounts that a call with this resolution is charged to, in ascending order of their ids, which is the
 * order in which stores lock them. Throws `budget_missing` when no budget applies, and `budgets_too_many`,
 * naming the bound and the budgets, when more than `BUDGETS_PER_CALL_MAX` do.
 */
export function budgetLegs(resolution: Resolution): readonly BudgetLeg[] {
  const { budgets, version } = resolution;
  if (budgets.length === 0) {
    throw new BursarError('budget_missing', {
      field: 'scopes',
      message:
        'no budget applies to the call, and without one nothing may be spent: add a default budget for one of its scopes (limit null if it shall only be tracked)',
    });
  }
  if (budgets.length > BUDGETS_PER_CALL_MAX) {
    const names = budgets.map(({ scope, name }) => `${describeMatch(scope)}/${name}`).join(', ');
    throw new BursarError('budgets_too_many', {
      field: 'scopes',
      message: `a call can be charged to at most ${BUDGETS_PER_CALL_MAX} budgets, and ${budgets.length} apply: ${names.slice(0, 400)}; remove some of the rules, or send fewer scopes`,
    });
  }
  return budgets
    .map((budget) => legOfBudget(budget, version))
    .toSorted((a, b) => (a.account < b.account ? -1 : 1));
}

/** The account of one resolved budget, under the policy set of this version. */
export function legOfBudget(budget: ResolvedBudget, policyVersion: number): BudgetLeg {
  const { id, period, terms, granted, spendable, sinceMs } = budget;
  return {
    account: accountId(id, period),
    budget: id,
    period,
    limit: terms.limit,
    granted,
    policyVersion,
    sinceMs,
    mode: terms.mode,
    reservedMax: shareOf(spendable, terms.sharePercentMax),
  };
}

/** `percent` of `spendable`, rounded down. */
function shareOf(spendable: Amount | null, percent: number | null): Amount | null {
  if (spendable === null || percent === null) return null;
  return Number((BigInt(spendable) * BigInt(percent)) / 100n) as Amount;
}
