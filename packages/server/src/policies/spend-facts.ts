/**
 * The port for what scopes have ever spent: the facts that promotions depend on.
 *
 * Reads what is booked and nothing that is set aside, so that nobody is promoted for money they may get back.
 */
import type { BudgetSpend, Scope, TenantId } from '@bursar/core';

/** Most scopes of one question. */
export const SPEND_SCOPES_MAX = 1_000;

/** A scope with its tenant. */
export interface TenantScope {
  readonly tenant: TenantId;
  readonly scope: Scope;
}

/** Where that is known. Methods throw `store_unavailable`. */
export interface SpendFacts {
  /**
   * For each of `scopes` (1 … `SPEND_SCOPES_MAX`, none twice), in their order, the budgets of it on which anything was
   * ever booked. Where copies decide, what is still on its way to the ledger is not in it yet.
   */
  spendOf(scopes: readonly TenantScope[]): Promise<readonly (readonly BudgetSpend[])[]>;
}
