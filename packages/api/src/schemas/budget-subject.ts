/** Which budget a message is about: a user's credit, or a budget of another scope. */
import { CREDIT } from '@bursar/core';
import { z } from 'zod';
import { budgetField, scopeField, userField } from './fields.ts';

/** The fields that name a budget, for the messages that are about one. */
export const budgetSubject = {
  /** Short for the scope of this user. */
  user: userField.optional(),
  /** `{ "kind": "team", "name": "growth" }`. */
  scope: scopeField.optional(),
  /** As the policies name it. */
  budget: budgetField.default(CREDIT),
};

/** Whether exactly one scope is named. */
export function namesOneScope(input: {
  readonly user?: unknown;
  readonly scope?: unknown;
}): boolean {
  return (input.user === undefined) !== (input.scope === undefined);
}

/** What is wrong otherwise. */
export const ONE_SCOPE = {
  path: ['user'],
  message: 'give either user or scope, and not both',
};

export type BudgetSubject = z.output<z.ZodObject<typeof budgetSubject>>;
