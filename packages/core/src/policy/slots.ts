/**
 * Slots: for one scope of a call, every budget and rate that any record is about, and what the records say.
 *
 * Gathers the candidates of all layers in ascending order of strength and has them folded. Also what was
 * removed or never came to be is a slot, without terms, so that it can be explained.
 */
import type { Scope } from '../budget/budget.ts';
import type { TenantId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { BudgetTerms } from './budget-rule.ts';
import { type Candidate, candidatesAmong, type Considered, fold } from './layers.ts';
import { type Exception, type KindRules, type Own, placeOf, type Policies } from './policies.ts';
import type { Dated, Grant } from './policy-set.ts';
import type { AnyLimiterPolicy, RateTerms } from './rate-rule.ts';

/** What the records say about one budget or rate of one scope. */
export interface Slot<Terms> {
  readonly scope: Scope;
  /** The rule's key: the budget's name, or `rateKey`. */
  readonly key: string;
  /** Nothing where no rule is left. */
  readonly terms: Terms | undefined;
  readonly considered: readonly Considered[];
  /** When a record about it begins or ends, or did. */
  readonly dates: readonly InstantMs[];
}

/** A budget's slot, with the grants that there are for it. */
export interface BudgetSlot extends Slot<BudgetTerms> {
  readonly grants: readonly { readonly grant: Grant; readonly named: boolean }[];
}

/** All slots of one scope, and how many look-ups and records it took to find them. */
export interface ScopeSlots<L extends AnyLimiterPolicy> {
  readonly budgets: readonly BudgetSlot[];
  readonly rates: readonly Slot<RateTerms<L>>[];
  readonly examined: number;
}

/** Look-ups for each scope: defaults, the tenant's plan, the plan, the tenant's and the scope's own records. */
const LOOKUPS = 5;

/** What `policies` say at `nowMs` about the budgets and rates of `scope`. */
export function slotsOf<L extends AnyLimiterPolicy>(
  policies: Policies<L>,
  tenant: TenantId,
  scope: Scope,
  nowMs: InstantMs,
): ScopeSlots<L> {
  const ofKind = policies.own.get(placeOf(tenant, { kind: scope.kind }));
  const ofScope = policies.own.get(placeOf(tenant, scope));
  const { plan, missing } = planOf(policies, tenant, ofScope);
  const rules = plan === undefined ? undefined : policies.plans.get(plan);
  const shared = { scope, plan, missing, nowMs };
  const budgets = gather<BudgetTerms>({
    ...shared,
    defaults: policies.defaults.budgets.get(scope.kind),
    planned: rules?.budgets.get(scope.kind),
    ofKind: ofKind?.budgets,
    ofScope: ofScope?.budgets,
  });
  const rates = gather<RateTerms<L>>({
    ...shared,
    defaults: policies.defaults.rates.get(scope.kind),
    planned: rules?.rates.get(scope.kind),
    ofKind: ofKind?.rates,
    ofScope: ofScope?.rates,
  });
  const grantsFor = (budget: string) => [
    ...(ofKind?.grants.get(budget) ?? []).map((grant) => ({ grant, named: false })),
    ...(ofScope?.grants.get(budget) ?? []).map((grant) => ({ grant, named: true })),
  ];
  const withGrants = budgets.map((slot): BudgetSlot => {
    const grants = grantsFor(slot.key);
    const dates = datesOf(grants.map(({ grant }) => grant));
    return { ...slot, dates: [...slot.dates, ...dates], grants };
  });
  const records = [...withGrants, ...rates].reduce(
    (sum, slot) => sum + slot.considered.length + ('grants' in slot ? slot.grants.length : 0),
    0,
  );
  return { budgets: withGrants, rates, examined: LOOKUPS + records };
}

/** The plan that counts for a scope, and the ones that would if they existed. */
function planOf<L extends AnyLimiterPolicy>(
  policies: Policies<L>,
  tenant: TenantId,
  ofScope: Own<L> | undefined,
): { readonly plan: string | undefined; readonly missing: readonly string[] } {
  const missing: string[] = [];
  for (const plan of [ofScope?.plan, policies.tenantPlans.get(tenant)]) {
    if (plan === undefined) continue;
    if (policies.plans.has(plan)) return { plan, missing };
    missing.push(plan);
  }
  return { plan: undefined, missing };
}

/** Where the candidates for the slots of one scope come from. */
interface Sources<Terms> {
  readonly scope: Scope;
  readonly plan: string | undefined;
  readonly missing: readonly string[];
  readonly nowMs: InstantMs;
  readonly defaults: KindRules<Terms> | undefined;
  readonly planned: KindRules<Terms> | undefined;
  readonly ofKind: Map<string, Exception<Terms>[]> | undefined;
  readonly ofScope: Map<string, Exception<Terms>[]> | undefined;
}

function gather<Terms>(sources: Sources<Terms>): Slot<Terms>[] {
  const { scope, nowMs } = sources;
  const slots = new Map<string, Candidate<Terms>[]>();
  const add = (key: string, ...candidates: readonly Candidate<Terms>[]) => {
    const slot = slots.get(key);
    if (slot === undefined) slots.set(key, [...candidates]);
    else slot.push(...candidates);
  };
  const addRules = (layer: 'default' | 'plan', source: string, rules?: KindRules<Terms>) => {
    for (const [key, terms] of rules?.each ?? []) {
      add(key, { layer, source, named: false, step: { kind: 'set', terms } });
    }
    for (const [key, terms] of rules?.named.get(scope.name) ?? []) {
      add(key, { layer, source, named: true, step: { kind: 'set', terms } });
    }
  };
  addRules('default', 'defaults', sources.defaults);
  if (sources.plan !== undefined) addRules('plan', sources.plan, sources.planned);
  for (const [key, exceptions] of sources.ofKind ?? []) {
    add(key, ...candidatesAmong(exceptions, { layer: 'tenant', named: false }, nowMs));
  }
  for (const [key, exceptions] of sources.ofScope ?? []) {
    add(key, ...candidatesAmong(exceptions, { layer: 'scope', named: true }, nowMs));
  }
  return [...slots].map(([key, candidates]) => {
    const { terms, considered } = fold(candidates);
    const exceptions = [sources.ofKind?.get(key) ?? [], sources.ofScope?.get(key) ?? []].flat();
    return {
      scope,
      key,
      terms,
      considered: [...missingPlans(sources.missing), ...considered],
      dates: datesOf(exceptions),
    };
  });
}

function datesOf(records: readonly Dated[]): InstantMs[] {
  return records
    .flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])
    .filter((date) => date !== null);
}

function missingPlans(plans: readonly string[]): Considered[] {
  return plans.map((source) => ({
    layer: 'plan',
    source,
    named: false,
    verdict: 'idle',
    reason: 'there is no plan of this name',
  }));
}
