import type { MoneyDenial } from './denial.ts';

/** The call is within the limit of every budget, and what is left of some in this period is less. */
export interface BudgetExhausted extends MoneyDenial<'budget_exhausted'> {
  /**
   * From when it fits every budget again, ISO 8601: the latest `fitsAgainAt` of `budgets`. `null` when one of them
   * has no next period.
   */
  readonly fitsAgainAt: string | null;
}
