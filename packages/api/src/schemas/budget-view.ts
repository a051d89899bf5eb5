/** How a budget is shown: one account, in decimal USD. */
import type { ScopeKind } from '@bursar/core';

/** One budget in one period. Every `…Usd` is decimal USD, exact. */
export interface BudgetView {
  readonly scope: { readonly kind: ScopeKind; readonly name: string };
  readonly budget: string;
  /** `2026-11`, or however the budget's periods are named. */
  readonly period: string;
  /** `null`: no limit. Where nothing is refused (`mode`) it is only measured against. */
  readonly limitUsd: string | null;
  readonly grantedUsd: string;
  readonly settledUsd: string;
  readonly reservedUsd: string;
  /** Negative by the overage; `null` without a limit. */
  readonly availableUsd: string | null;
  /** When the next period begins, ISO 8601. */
  readonly resetsAt: string;
  /** Present where the limit refuses nothing. */
  readonly mode?: 'track';
}
