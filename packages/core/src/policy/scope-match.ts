/**
 * Which scopes a rule is for: one by its name, or each of a kind.
 *
 * There are no patterns: whether a rule applies can be looked up, and nobody has to guess what matches.
 */
import { type Scope, scopeKind, type ScopeKind } from '../budget/budget.ts';
import { nameProblem } from '../ids.ts';
import { policyInvalid } from './policy-invalid.ts';

/** Each scope of `kind` by itself (every user has a budget of their own), or only the one called `name`. */
export interface ScopeMatch {
  readonly kind: ScopeKind;
  readonly name?: string | undefined;
}

/** Throws `id_invalid` or `policy_invalid`, naming the field, for what matches no scope by its form. */
export function checkScopeMatch(match: ScopeMatch, field: string): void {
  scopeKind(match.kind, `${field}.kind`);
  const problem = match.name === undefined ? undefined : nameProblem(match.name);
  if (problem !== undefined) throw policyInvalid(`${field}.name`, problem);
}

/** How people write it: `user:alice`, or `each user`. */
export function describeMatch(match: ScopeMatch | Scope): string {
  return match.name === undefined ? `each ${match.kind}` : `${match.kind}:${match.name}`;
}
