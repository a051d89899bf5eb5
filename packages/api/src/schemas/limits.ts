/** `limits.*`: the limits of budgets that people set past the policies. */
import type { PeriodRule, ScopeKind } from '@bursar/core';
import { z } from 'zod';
import { budgetSubject, namesOneScope, ONE_SCOPE } from './budget-subject.ts';
import { usdField } from './fields.ts';

export const getLimitInput = z.strictObject(budgetSubject).refine(namesOneScope, ONE_SCOPE);
export type GetLimitInput = z.input<typeof getLimitInput>;

export const setLimitInput = z
  .strictObject({
    ...budgetSubject,
    /** `"0"` forbids all paid calls; `null` lifts the limit. */
    limitUsd: usdField.nullable(),
  })
  .refine(namesOneScope, ONE_SCOPE);
export type SetLimitInput = z.input<typeof setLimitInput>;

export const clearLimitInput = z.strictObject(budgetSubject).refine(namesOneScope, ONE_SCOPE);
export type ClearLimitInput = z.input<typeof clearLimitInput>;

export interface LimitOutput {
  /** Present when the budget is a user's. */
  readonly user?: string;
  readonly scope: { readonly kind: ScopeKind; readonly name: string };
  readonly budget: string;
  /** `null`: no limit. */
  readonly limitUsd: string | null;
  /** Whether the limit is the budget's own, what the policies say, or the server's default. */
  readonly source: 'own' | 'policies' | 'default';
  readonly period: PeriodRule;
}
