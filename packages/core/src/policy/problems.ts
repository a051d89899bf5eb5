/**
 * Problems of a policy set: what can be used but does nothing, because it names something that is not there.
 *
 * A limit that matches nothing is a limit that somebody believes in; so it is said. Nothing here changes what
 * `resolve` answers.
 */
import { SCOPE_KINDS } from '../budget/budget.ts';
import type { TenantId } from '../ids.ts';
import {
  type Exception,
  type KindRules,
  placeOf,
  type Policies,
  type RuleIndex,
} from './policies.ts';
import type { Assignment, Rules } from './policy-set.ts';
import { type AnyLimiterPolicy, rateKey } from './rate-rule.ts';
import { describeMatch, type ScopeMatch } from './scope-match.ts';

/** One record that does not do what it says. */
export interface Problem {
  /** `override "o-12"`, `assignment of acme user:alice`, `plan "pro"`. */
  readonly record: string;
  /** What is wrong and what to do, as the rest of a sentence that starts with the record. */
  readonly message: string;
}

/** Which names there are, for the kinds of scopes whose names are known: models with a price, users … */
export type KnownNames = Readonly<Record<string, (name: string) => boolean>>;

type Family = 'budgets' | 'rates';

/** Every problem of the set, sorted by record. `known` is for finding rules on what does not exist. */
export function problemsOf(policies: Policies, known: KnownNames = {}): readonly Problem[] {
  const { set } = policies;
  const problems: Problem[] = [];
  const report = (record: string, message: string | undefined) => {
    if (message !== undefined) problems.push({ record, message });
  };
  const reportMatch = (record: string, on: ScopeMatch) => {
    report(record, matchProblem(on, set.scopeKinds, known));
  };
  const reportRules = (owner: string, { budgets, rates }: Rules) => {
    for (const { on, name } of budgets) reportMatch(`${owner}, budget "${name}"`, on);
    for (const { on, name } of rates) reportMatch(`${owner}, rate "${name}"`, on);
  };
  const places = new Places(policies);

  reportRules('defaults', set.defaults);
  for (const plan of set.plans) {
    reportRules(`plan "${plan.name}"`, plan);
    if (!places.isInUse(plan.name)) {
      report(`plan "${plan.name}"`, 'is assigned to nobody, and no promotion is about it');
    }
  }
  for (const assignment of set.assignments) {
    const { tenant, scope } = assignment;
    const record = `assignment of ${tenant}${scope === null ? '' : ` ${describeMatch(scope)}`}`;
    if (scope !== null) reportMatch(record, scope);
    report(record, assignmentProblem(policies, assignment));
  }
  for (const { id, tenant, on, budget, change } of set.budgetOverrides) {
    reportMatch(`override "${id}"`, on);
    if (change.kind !== 'set' && !places.hasRule('budgets', tenant, on, budget)) {
      report(`override "${id}"`, nothingThere('budget', budget, on));
    }
  }
  for (const { id, tenant, on, rate, class: principal, change } of set.rateOverrides) {
    reportMatch(`override "${id}"`, on);
    const key = rateKey({ name: rate, class: principal });
    if (change.kind !== 'set' && !places.hasRule('rates', tenant, on, key)) {
      report(`override "${id}"`, nothingThere('rate', rate, on));
    }
  }
  for (const { id, tenant, on, budget } of set.grants) {
    reportMatch(`grant "${id}"`, on);
    if (!places.hasBudgetToGrantOn(tenant, on, budget)) {
      report(`grant "${id}"`, nothingThere('budget', budget, on));
    }
  }
  for (const { budgets, rates } of policies.own.values()) {
    for (const exceptions of [...budgets.values(), ...rates.values()]) {
      for (const [id, other] of ties(exceptions)) {
        report(
          `override "${id}"`,
          `begins together with "${other}", which counts instead; date them apart`,
        );
      }
    }
  }
  for (const { from, to } of set.promotions) {
    for (const plan of [from, to]) {
      if (!policies.plans.has(plan)) {
        report(
          `promotion from "${from}" to "${to}"`,
          `names the plan "${plan}", which there is not`,
        );
      }
    }
  }
  return problems.toSorted((a, b) => compare(a.record, b.record) || compare(a.message, b.message));
}

/** Where rules could be for an exception to be about. */
class Places {
  readonly #policies: Policies;
  /** The plans that each tenant has for all or some of its scopes. */
  readonly #plans = new Map<TenantId, Set<string>>();
  readonly #inUse = new Set<string>();
  /** `placeOf` the kind, and key, of every budget that an override adds somewhere. */
  readonly #added = new Set<string>();

  constructor(policies: Policies) {
    this.#policies = policies;
    const { assignments, budgetOverrides, promotions } = policies.set;
    for (const { tenant, plan } of assignments) {
      const plans = this.#plans.get(tenant) ?? new Set();
      this.#plans.set(tenant, plans.add(plan));
      this.#inUse.add(plan);
    }
    for (const { from, to } of promotions) this.#inUse.add(from).add(to);
    for (const { tenant, on, budget, change } of budgetOverrides) {
      if (change.kind === 'set') this.#added.add(addedKey(tenant, on, budget));
    }
  }

  /** Whether anybody has the plan, or can come to have it. */
  isInUse(plan: string): boolean {
    return this.#inUse.has(plan);
  }

  /** Whether a layer below an exception on `on` has a rule with this key. */
  hasRule(family: Family, tenant: TenantId, on: ScopeMatch, key: string): boolean {
    const { defaults, plans, own } = this.#policies;
    const below: (RuleIndex<AnyLimiterPolicy> | undefined)[] = [defaults];
    for (const plan of this.#plansFor(tenant, on)) below.push(plans.get(plan));
    if (below.some((rules) => hasMatch(rules?.[family].get(on.kind), on, key))) return true;
    if (on.name === undefined) return false;
    const ofKind = own.get(placeOf(tenant, { kind: on.kind }))?.[family].get(key) ?? [];
    return (ofKind as readonly Exception<unknown>[]).some(({ change }) => change.kind === 'set');
  }

  /** Whether there is, or can be, a budget that a grant on `on` adds to. */
  hasBudgetToGrantOn(tenant: TenantId, on: ScopeMatch, budget: string): boolean {
    if (this.hasRule('budgets', tenant, on, budget)) return true;
    if (on.name === undefined) return this.#added.has(addedKey(tenant, on, budget));
    const own = this.#policies.own.get(placeOf(tenant, on))?.budgets.get(budget) ?? [];
    return own.some(({ change }) => change.kind === 'set');
  }

  #plansFor(tenant: TenantId, on: ScopeMatch): Iterable<string> {
    if (on.name === undefined) return this.#plans.get(tenant) ?? [];
    const { own, tenantPlans, plans } = this.#policies;
    return [own.get(placeOf(tenant, on))?.plan, tenantPlans.get(tenant)]
      .filter((plan) => plan !== undefined && plans.has(plan))
      .slice(0, 1) as string[];
  }
}

function addedKey(tenant: TenantId, { kind }: ScopeMatch, budget: string): string {
  return `${placeOf(tenant, { kind })} ${budget}`;
}

function hasMatch(rules: KindRules<unknown> | undefined, on: ScopeMatch, key: string): boolean {
  if (rules === undefined) return false;
  if (rules.each.has(key)) return true;
  if (on.name !== undefined) return rules.named.get(on.name)?.has(key) === true;
  return [...rules.named.values()].some((named) => named.has(key));
}

function matchProblem(
  { kind, name }: ScopeMatch,
  declared: readonly string[],
  known: KnownNames,
): string | undefined {
  if (!SCOPE_KINDS.includes(kind) && !declared.includes(kind)) {
    return `is on scopes of the kind "${kind}", which matches nothing: correct it, or add it to scopeKinds`;
  }
  if (name === undefined || !Object.hasOwn(known, kind) || known[kind]?.(name) !== false) {
    return undefined;
  }
  return `is on ${kind} "${name}", which there is not, so it matches nothing`;
}

function assignmentProblem(policies: Policies, assignment: Assignment): string | undefined {
  const { scope, plan } = assignment;
  const rules = policies.plans.get(plan);
  if (rules === undefined)
    return `names the plan "${plan}", which there is not, so it has no effect`;
  if (scope === null) return undefined;
  const families = [rules.budgets.get(scope.kind), rules.rates.get(scope.kind)];
  const isMatched = families.some(
    (kind) => kind !== undefined && (kind.each.size > 0 || kind.named.has(scope.name)),
  );
  return isMatched
    ? undefined
    : `has no effect, for the plan "${plan}" has no rule for ${describeMatch(scope)}`;
}

function nothingThere(what: 'budget' | 'rate', name: string, on: ScopeMatch): string {
  return `matches nothing: there is no ${what} "${name}" on ${describeMatch(on)} for it to change`;
}

/** Exceptions that never count because another one about the same thing begins with them. */
function* ties(exceptions: readonly Exception<unknown>[]): Generator<readonly [string, string]> {
  for (const [index, { id, fromMs }] of exceptions.entries()) {
    const stronger = exceptions[index - 1];
    if (stronger !== undefined && stronger.fromMs === fromMs) yield [id, stronger.id];
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
