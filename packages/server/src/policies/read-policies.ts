/** From a document to policies that this server keeps, and what of it has no effect, or less than it says. */
import {
  type Amount,
  type BudgetTerms,
  checkLimiterPolicy,
  compilePolicies,
  CREDIT,
  formatUsd,
  type Json,
  type LimiterPolicy,
  parsePolicySet,
  type Policies,
  type PolicySet,
  type Problem,
} from '@bursar/core';

/**
 * The policies of a document as people write it. Throws `policy_invalid` and what `parsePolicySet` throws,
 * naming the field.
 */
export function readPolicies(document: unknown): Policies<LimiterPolicy> {
  const set = parsePolicySet(document, checkLimiterPolicy);
  return compilePolicies(set);
}

/** What is in force before anybody has put a set: a monthly credit of `limit` for every user, as version 0. */
export function builtInDocument(limit: Amount | null): Json {
  const limitUsd = limit === null ? null : formatUsd(limit);
  return {
    version: 0,
    defaults: { budgets: [{ name: CREDIT, on: { kind: 'user' }, limitUsd }] },
  };
}

/** Records that are kept as they are, and of which nothing follows, or not for everybody. */
export function idleRecords(set: PolicySet): readonly Problem[] {
  const ofTenants = new Set(
    set.assignments.filter(({ scope }) => scope === null).map(({ plan }) => plan),
  );
  const passing = set.promotions.filter(({ from }) => ofTenants.has(from));
  const bounded = [...termsIn(set)].filter(([, { mode }]) => mode?.kind === 'bounded');
  const alerting = [...termsIn(set)].filter(
    ([, { alertPercents = [] }]) => alertPercents.length > 0,
  );
  return [
    ...passing.map(({ from, to }) => ({
      record: `promotion from "${from}" to "${to}"`,
      message: `moves nobody who has "${from}" only from their tenant; assign it to each scope that is to be promoted`,
    })),
    ...bounded.map(([field]) => ({
      record: field,
      message: 'is bounded, and kept strictly: it is never over, so its bound is never used',
    })),
    ...alerting.map(([field]) => ({
      record: field,
      message: 'has alertPercents, which nobody is told of by the server yet',
    })),
  ];
}

/** All terms of a set, by their field. */
function* termsIn(set: PolicySet): Iterable<readonly [string, Partial<BudgetTerms>]> {
  for (const [index, rule] of set.defaults.budgets.entries()) {
    yield [`defaults.budgets.${index}`, rule];
  }
  for (const [plan, { budgets }] of set.plans.entries()) {
    for (const [index, rule] of budgets.entries()) yield [`plans.${plan}.budgets.${index}`, rule];
  }
  for (const [index, { change }] of set.budgetOverrides.entries()) {
    if (change.kind !== 'remove') yield [`budgetOverrides.${index}.change`, change.terms];
  }
}
