/**
 * From a document to policies that this server keeps: what cannot be kept is refused, so that no limit is
 * believed in that nobody enforces.
 */
import {
  type Amount,
  type BudgetTerms,
  BursarError,
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
  const policies = compilePolicies(set);
  for (const [field, terms] of termsIn(set)) assertKept(terms, field);
  return policies;
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
  const alerting = [...termsIn(set)].filter(
    ([, { alertPercents = [] }]) => alertPercents.length > 0,
  );
  return [
    ...passing.map(({ from, to }) => ({
      record: `promotion from "${from}" to "${to}"`,
      message: `moves nobody who has "${from}" only from their tenant; assign it to each scope that is to be promoted`,
    })),
    ...alerting.map(([field]) => ({
      record: field,
      message: 'has alertPercents, which nobody is told of by the server yet',
    })),
  ];
}

function assertKept({ mode }: Partial<BudgetTerms>, field: string): void {
  if (mode?.kind === 'bounded') {
    throw invalid(
      `${field}.mode`,
      'must be "strict" or "track": this server is never over by a bound',
    );
  }
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

function invalid(field: string, problem: string): BursarError {
  return new BursarError('policy_invalid', { field, message: `${field} ${problem}` });
}
