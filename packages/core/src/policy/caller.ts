/** Callers: on whose behalf a call is made, as far as policies are concerned. */
import { type Scope, scopeKind } from '../budget/budget.ts';
import { nameProblem, type TenantId } from '../ids.ts';
import { BursarError } from '../errors.ts';
import type { PrincipalClass } from './rate-rule.ts';

/** Most scopes of one caller: teams, above all. */
export const CALLER_SCOPES_MAX = 32;

/** Who calls, in which roles, for what: everything that a rule can be about. */
export interface Caller {
  readonly tenant: TenantId;
  readonly class: PrincipalClass;
  /** User, teams, org, key, model, feature, session …; in any order. One that comes twice counts once. */
  readonly scopes: readonly Scope[];
}

/**
 * The scopes of `caller`, each once. Throws `id_invalid`, naming the scope's kind as the field, for what is
 * no scope, and `input_invalid` for too many of them.
 */
export function scopesOf(caller: Caller): readonly Scope[] {
  const { scopes } = caller;
  if (scopes.length > CALLER_SCOPES_MAX) {
    throw new BursarError('input_invalid', {
      field: 'scopes',
      message: `scopes must be at most ${CALLER_SCOPES_MAX}; send only those that the call is about`,
    });
  }
  const distinct = new Map<string, Scope>();
  for (const scope of scopes) {
    scopeKind(scope.kind, 'scopes.kind');
    const problem = nameProblem(scope.name);
    if (problem !== undefined) {
      throw new BursarError('id_invalid', {
        field: scope.kind,
        message: `${scope.kind} ${problem}`,
      });
    }
    distinct.set(`${scope.kind}:${scope.name}`, scope);
  }
  return [...distinct.values()];
}
