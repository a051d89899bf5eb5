/**
 * Policies: a policy set that was checked and indexed once, for looking up what applies to a call.
 *
 * Decides where a record is found, so that a call looks at the records about its own scopes and at no other:
 * the cost of `resolve` does not depend on how many overrides, plans and grants a set has.
 */
import type { Scope, ScopeKind } from '../budget/budget.ts';
import type { TenantId } from '../ids.ts';
import type { BudgetTerms } from './budget-rule.ts';
import { checkPolicySet } from './check-policy-set.ts';
import type { Change, Dated, Grant, PolicySet, Rules } from './policy-set.ts';
import { type AnyLimiterPolicy, rateKey, type RateTerms } from './rate-rule.ts';
import type { ScopeMatch } from './scope-match.ts';

/** Rules for one kind of scope: for each, and for some by their name; each list by the rules' keys. */
export interface KindRules<Terms> {
  readonly each: Map<string, Terms>;
  readonly named: Map<string, Map<string, Terms>>;
}

/** The rules of the defaults or of a plan, by kind of scope. */
export interface RuleIndex<L extends AnyLimiterPolicy> {
  readonly budgets: Map<ScopeKind, KindRules<BudgetTerms>>;
  readonly rates: Map<ScopeKind, KindRules<RateTerms<L>>>;
}

/** An override, reduced to what counts once its place is known. */
export interface Exception<Terms> extends Dated {
  readonly id: string;
  readonly change: Change<Terms>;
}

/** What a tenant has for one scope, or for each of a kind; each list by the rules' keys, the strongest first. */
export interface Own<L extends AnyLimiterPolicy> {
  plan: string | undefined;
  readonly budgets: Map<string, Exception<BudgetTerms>[]>;
  readonly rates: Map<string, Exception<RateTerms<L>>[]>;
  readonly grants: Map<string, Grant[]>;
}

/** A policy set, ready for use. Made by `compilePolicies`; never changes. */
export interface Policies<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  readonly set: PolicySet<L>;
  readonly defaults: RuleIndex<L>;
  readonly plans: ReadonlyMap<string, RuleIndex<L>>;
  /** The plan of all of a tenant's scopes that have none of their own. */
  readonly tenantPlans: ReadonlyMap<TenantId, string>;
  /** By `placeOf`. */
  readonly own: ReadonlyMap<string, Own<L>>;
}

/** `set`, checked and ready for use. Throws like `checkPolicySet`. Takes time in proportion to the set. */
export function compilePolicies<L extends AnyLimiterPolicy>(set: PolicySet<L>): Policies<L> {
  checkPolicySet(set);
  const own = new Map<string, Own<L>>();
  const at = (tenant: TenantId, on: ScopeMatch): Own<L> => {
    const place = placeOf(tenant, on);
    const found = own.get(place) ?? {
      plan: undefined,
      budgets: new Map(),
      rates: new Map(),
      grants: new Map(),
    };
    own.set(place, found);
    return found;
  };
  const tenantPlans = new Map<TenantId, string>();
  for (const { tenant, scope, plan } of set.assignments) {
    if (scope === null) tenantPlans.set(tenant, plan);
    else at(tenant, scope).plan = plan;
  }
  for (const override of set.budgetOverrides) {
    append(at(override.tenant, override.on).budgets, override.budget, override);
  }
  for (const override of set.rateOverrides) {
    const key = rateKey({ name: override.rate, class: override.class });
    append(at(override.tenant, override.on).rates, key, override);
  }
  for (const grant of set.grants) append(at(grant.tenant, grant.on).grants, grant.budget, grant);
  for (const { budgets, rates, grants } of own.values()) {
    for (const exceptions of budgets.values()) exceptions.sort(byStrength);
    for (const exceptions of rates.values()) exceptions.sort(byStrength);
    for (const list of grants.values()) list.sort(byUse);
  }
  return {
    set,
    defaults: indexOf(set.defaults),
    plans: new Map(set.plans.map((plan) => [plan.name, indexOf(plan)])),
    tenantPlans,
    own,
  };
}

/** Where the index keeps what a tenant has for `on`. Neither tenants nor kinds contain a blank. */
export function placeOf(tenant: TenantId, on: ScopeMatch | Scope): string {
  return on.name === undefined ? `${tenant} ${on.kind}` : `${tenant} ${on.kind} ${on.name}`;
}

/** Which of two grants counts as used first; never 0, for ids are unique. */
export function byUse(a: Grant, b: Grant): number {
  return (
    a.priority - b.priority ||
    compare(a.untilMs ?? Number.POSITIVE_INFINITY, b.untilMs ?? Number.POSITIVE_INFINITY) ||
    compare(a.id, b.id)
  );
}

function byStrength(a: Exception<unknown>, b: Exception<unknown>): number {
  return compare(b.fromMs ?? -1, a.fromMs ?? -1) || compare(a.id, b.id);
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function indexOf<L extends AnyLimiterPolicy>({ budgets, rates }: Rules<L>): RuleIndex<L> {
  const index: RuleIndex<L> = { budgets: new Map(), rates: new Map() };
  for (const { name, on, ...terms } of budgets) place(index.budgets, on, name, terms);
  for (const rule of rates) {
    const { counts, limiter } = rule;
    place(index.rates, rule.on, rateKey(rule), { counts, limiter });
  }
  return index;
}

function place<Terms>(
  kinds: Map<ScopeKind, KindRules<Terms>>,
  on: ScopeMatch,
  key: string,
  terms: Terms,
): void {
  const rules = kinds.get(on.kind) ?? { each: new Map(), named: new Map() };
  kinds.set(on.kind, rules);
  if (on.name === undefined) {
    rules.each.set(key, terms);
    return;
  }
  const named = rules.named.get(on.name) ?? new Map<string, Terms>();
  rules.named.set(on.name, named.set(key, terms));
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
