/** `budgets.grant`, `budgets.adjust`: credit and corrections by people, with who and why in the ledger. */
import { z } from 'zod';
import type { BudgetView } from './budget-view.ts';
import { budgetSubject, namesOneScope, ONE_SCOPE } from './budget-subject.ts';
import { signedUsdField, usdField } from './fields.ts';

/** Longest reason, in characters. */
export const REASON_LENGTH_MAX = 500;

const entry = {
  ...budgetSubject,
  /** The caller's id of this entry: repeating it changes nothing. */
  key: z
    .string()
    .regex(
      /^(?!carry:)[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/,
      'must be 1 to 128 letters, digits and ._:-, beginning with a letter or digit, and not with carry:',
    ),
  /** Why, for the ledger. */
  reason: z.string().min(1).max(REASON_LENGTH_MAX),
};

export const grantInput = z
  .strictObject({ ...entry, amountUsd: usdField })
  .refine(namesOneScope, ONE_SCOPE);
export type GrantInput = z.input<typeof grantInput>;

export const adjustInput = z
  .strictObject({
    ...entry,
    /** Added to what is booked; negative gives back. */
    amountUsd: signedUsdField,
  })
  .refine(namesOneScope, ONE_SCOPE);
export type AdjustInput = z.input<typeof adjustInput>;

/** The budget afterwards. */
export interface BudgetEntryOutput {
  /** Whether it had been applied before. */
  readonly replayed: boolean;
  readonly budget: BudgetView;
}
