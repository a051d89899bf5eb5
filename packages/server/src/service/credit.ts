/**
 * Which accounts a call is charged to: today one, the monthly credit of its user.
 *
 * The period is picked from the clock that is handed in. On the way of a call that is the service's own
 * clock, which costs nothing; the tier refuses a period that its clock contradicts.
 */
import {
  accountId,
  type AccountId,
  budgetId,
  type BudgetId,
  CREDIT,
  type InstantMs,
  MONTHLY_UTC,
  type Period,
  periodAt,
  type Scope,
  type TenantId,
} from '@bursar/core';

/** One account that a command is about, with what its ids were made from. */
export interface CreditLeg {
  readonly account: AccountId;
  readonly budget: BudgetId;
  readonly period: Period;
  readonly scope: Scope;
}

/** The credit of `user` in the month of `nowMs`. Throws `id_invalid` for what is no name. */
export function creditAt(tenant: TenantId, user: string, nowMs: InstantMs): CreditLeg {
  return creditIn(tenant, user, periodAt(MONTHLY_UTC, nowMs));
}

/** The credit of `user` in `period`. Throws `id_invalid` for what is no name. */
export function creditIn(tenant: TenantId, user: string, period: Period): CreditLeg {
  const scope: Scope = { kind: 'user', name: user };
  const budget = budgetId(tenant, scope, CREDIT);
  return { account: accountId(budget, period), budget, period, scope };
}
