/**
 * Budgets and their ids: a limit over a period on a scope.
 *
 * Decides how tenant, scope, budget and period become ids, and reads them back. Which budgets apply to a
 * call, and with which limit, is decided by policies (`policy/resolve.ts`).
 */
import { assert } from '../assert.ts';
import { BursarError } from '../errors.ts';
import { type AccountId, type BudgetId, decodeName, encodeName, type TenantId } from '../ids.ts';
import type { Period } from './period.ts';

/**
 * What a budget can be put on. The set is open: a product may add kinds of its own, of at most 32 characters
 * of a-z, 0-9 and "-", beginning with a letter.
 */
export type ScopeKind = KnownScopeKind | (string & Record<never, never>);
type KnownScopeKind = 'user' | 'team' | 'org' | 'key' | 'model' | 'feature' | 'session' | 'address';

/** The kinds that need no declaration. `address` is for callers who are nobody yet. */
export const SCOPE_KINDS: readonly ScopeKind[] = [
  'user',
  'team',
  'org',
  'key',
  'model',
  'feature',
  'session',
  'address',
];

const KIND_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

/** `raw` as a kind of scope. Throws `id_invalid`, naming `field`. */
export function scopeKind(raw: string, field = 'scope.kind'): ScopeKind {
  if (KIND_PATTERN.test(raw)) return raw;
  throw new BursarError('id_invalid', {
    field,
    message: `${field} must be 1 to 32 characters of a-z, 0-9 and "-", beginning with a letter, such as user or model`,
  });
}

/** A typed name inside a tenant. `name` is the caller's, undecoded; see `nameProblem`. */
export interface Scope {
  readonly kind: ScopeKind;
  readonly name: string;
}

/** The name of the budget that every user has: the credit paid by the service's own provider key. */
export const CREDIT = 'credit';

/** The id of a budget. Throws `id_invalid`, naming the scope's kind as the field. */
export function budgetId(tenant: TenantId, scope: Scope, budget: string = CREDIT): BudgetId {
  return `${tenant}/${scopeKind(scope.kind)}:${encodeName(scope.name, scope.kind)}/${encodeName(budget, 'budget')}` as BudgetId;
}

/** The account of `budget` in `period`. */
export function accountId(budget: BudgetId, period: Period): AccountId {
  // Joined, because it is the key of many a map: what a template makes is a rope in V8, which maps compare slowly.
  return [budget, period.id].join('/') as AccountId;
}

/** The budget that `account` belongs to. */
export function budgetOf(account: AccountId): BudgetId {
  return account.slice(0, account.lastIndexOf('/')) as BudgetId;
}

/** The parts that `account` was made from, names decoded. */
export function accountParts(account: AccountId): {
  tenant: TenantId;
  scope: Scope;
  budget: string;
  period: string;
} {
  const [tenant, scope, budget, period] = account.split('/');
  const colon = scope?.indexOf(':') ?? -1;
  assert(
    tenant !== undefined &&
      scope !== undefined &&
      budget !== undefined &&
      period !== undefined &&
      colon > 0,
    'an account id has four parts',
  );
  return {
    tenant: tenant as TenantId,
    scope: { kind: scope.slice(0, colon), name: decodeName(scope.slice(colon + 1)) },
    budget: decodeName(budget),
    period,
  };
}
