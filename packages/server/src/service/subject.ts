/** Which budget a message about one means: its scope and its name. */
import type { BudgetSubject } from '@bursar/api';
import { assert, type Scope } from '@bursar/core';

/** A scope and the name of a budget on it. */
export interface Subject {
  readonly scope: Scope;
  readonly name: string;
}

/** The budget that a parsed message names. */
export function subjectOf({ user, scope, budget }: BudgetSubject): Subject {
  if (user !== undefined) return { scope: { kind: 'user', name: user }, name: budget };
  assert(scope !== undefined, 'a parsed message names one scope');
  return { scope, name: budget };
}
