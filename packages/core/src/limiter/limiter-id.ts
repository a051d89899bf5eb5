/** Ids of limiters: like those of budgets, but what they name is no money and has no period. */
import { type Scope, scopeKind } from '../budget/budget.ts';
import { type BudgetId, encodeName, type LimiterId, type TenantId } from '../ids.ts';

/**
 * The id of the limiter called `limiter` on a scope; `ResolvedRate.limiter` is such a name. Throws `id_invalid`,
 * naming the scope's kind or `limiter` as the field.
 */
export function limiterId(tenant: TenantId, scope: Scope, limiter: string): LimiterId {
  return `${tenant}/${scopeKind(scope.kind)}:${encodeName(scope.name, scope.kind)}/${encodeName(limiter, 'limiter')}` as LimiterId;
}

/**
 * The id of the limiter that counts what one user has set aside of a budget at once, in nano-USD. Throws `id_invalid`,
 * naming the field `user`.
 */
export function shareLimiterId(budget: BudgetId, user: string): LimiterId {
  return `${budget}/share:${encodeName(user, 'user')}` as LimiterId;
}
