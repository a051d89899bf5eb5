/**
 * The check of a policy set: what cannot be used, or could be read in two ways, is refused.
 *
 * Everything in a set that two readers, or two orders of its records, could take for different things is a
 * contradiction: two rules for one budget in one list, two plans of a name, two plans for a scope. What is
 * merely without effect is no contradiction; see `problems.ts`.
 */
import { isAmount } from '../amount.ts';
import { scopeKind } from '../budget/budget.ts';
import { nameProblem, tenantId } from '../ids.ts';
import { instant } from '../time.ts';
import {
  checkBudgetRule,
  checkBudgetTerms,
  checkRuleName,
  checkSomeBudgetTerms,
} from './budget-rule.ts';
import { policyInvalid } from './policy-invalid.ts';
import type { Change, Dated, PolicySet, Rules } from './policy-set.ts';
import { checkPromotions } from './promotion.ts';
import {
  checkRateName,
  checkRateRule,
  checkRateTerms,
  checkSomeRateTerms,
  rateKey,
} from './rate-rule.ts';
import { checkScopeMatch, describeMatch } from './scope-match.ts';

/** Most budgets, and most rates, of the defaults or of one plan. */
export const RULES_MAX = 64;
/** Most plans of a set. */
export const PLANS_MAX = 1_000;
/** Most records of each other kind in a set. */
export const RECORDS_MAX = 1_000_000;
/** Most overrides, and most grants, for one budget of one scope, dated ones included. */
export const DATED_MAX = 64;
/** Largest priority of a grant. */
export const PRIORITY_MAX = 1_000;
/** Most kinds of scopes that a product may add. */
export const SCOPE_KINDS_MAX = 64;

/**
 * `set`, if it can be used. Throws `policy_invalid`, `id_invalid`, `period_invalid` or `input_invalid`, naming
 * the field, as in `plans.0.budgets.2.limit`, the problem and the fix.
 */
export function checkPolicySet<S extends PolicySet>(set: S): S {
  const checked: PolicySet = set;
  checkVersion(checked.version);
  checkLength(checked.scopeKinds, SCOPE_KINDS_MAX, 'scopeKinds');
  for (const [index, kind] of checked.scopeKinds.entries()) scopeKind(kind, `scopeKinds.${index}`);
  checkRules(checked.defaults, 'defaults');
  if (checked.defaults.budgets.length === 0) {
    throw policyInvalid(
      'defaults.budgets',
      'must hold at least one budget, so that nobody is without a limit by accident; no limit is said with limit null',
    );
  }
  checkPlans(checked);
  checkAssignments(checked);
  checkBudgetOverrides(checked);
  checkRateOverrides(checked);
  checkGrants(checked);
  checkPromotions(checked.promotions, 'promotions');
  return set;
}

/** `next`, if it may follow `current`. Throws `policy_invalid` unless its version is higher. */
export function checkSuccessor<S extends PolicySet>(current: PolicySet, next: S): S {
  if (next.version > current.version) return next;
  throw policyInvalid(
    'version',
    `must be above ${current.version}, which is in force; read the set again, change that, and raise its version`,
  );
}

function checkVersion(version: number): void {
  if (Number.isSafeInteger(version) && version >= 0) return;
  throw policyInvalid(
    'version',
    'must be a whole number, 0 or more, that goes up with every change',
  );
}

function checkRules({ budgets, rates }: Rules, field: string): void {
  checkLength(budgets, RULES_MAX, `${field}.budgets`);
  checkLength(rates, RULES_MAX, `${field}.rates`);
  const once = onlyOnce();
  for (const [index, rule] of budgets.entries()) {
    const at = `${field}.budgets.${index}`;
    checkBudgetRule(rule, at);
    once(at, 'budget', describeMatch(rule.on), rule.name);
  }
  for (const [index, rule] of rates.entries()) {
    const at = `${field}.rates.${index}`;
    checkRateRule(rule, at);
    once(at, 'rate', describeMatch(rule.on), rateKey(rule));
  }
}

function checkPlans({ plans }: PolicySet): void {
  checkLength(plans, PLANS_MAX, 'plans');
  const once = onlyOnce();
  for (const [index, plan] of plans.entries()) {
    const at = `plans.${index}`;
    checkRuleName(plan.name, `${at}.name`);
    once(`${at}.name`, 'plan', plan.name);
    checkRules(plan, at);
  }
}

function checkAssignments({ assignments }: PolicySet): void {
  checkLength(assignments, RECORDS_MAX, 'assignments');
  const once = onlyOnce();
  for (const [index, { tenant, scope, plan }] of assignments.entries()) {
    const at = `assignments.${index}`;
    tenantId(tenant, `${at}.tenant`);
    checkRuleName(plan, `${at}.plan`);
    if (scope !== null) {
      scopeKind(scope.kind, `${at}.scope.kind`);
      const problem = nameProblem(scope.name);
      if (problem !== undefined) throw policyInvalid(`${at}.scope.name`, problem);
    }
    once(at, 'assignment', tenant, scope === null ? '' : describeMatch(scope));
  }
}

function checkBudgetOverrides({ budgetOverrides }: PolicySet): void {
  checkLength(budgetOverrides, RECORDS_MAX, 'budgetOverrides');
  const once = onlyOnce();
  const few = onlyFew('overrides');
  for (const [index, override] of budgetOverrides.entries()) {
    const at = `budgetOverrides.${index}`;
    checkRecord(override, at, once);
    checkRuleName(override.budget, `${at}.budget`);
    checkChange(override.change, `${at}.change`, checkBudgetTerms, checkSomeBudgetTerms);
    few(at, override.tenant, describeMatch(override.on), override.budget);
  }
}

function checkRateOverrides({ rateOverrides }: PolicySet): void {
  checkLength(rateOverrides, RECORDS_MAX, 'rateOverrides');
  const once = onlyOnce();
  const few = onlyFew('overrides');
  for (const [index, override] of rateOverrides.entries()) {
    const at = `rateOverrides.${index}`;
    checkRecord(override, at, once);
    const rate = { name: override.rate, class: override.class };
    checkRateName(rate, at);
    checkChange(override.change, `${at}.change`, checkRateTerms, checkSomeRateTerms);
    few(at, override.tenant, describeMatch(override.on), rateKey(rate));
  }
}

function checkGrants({ grants }: PolicySet): void {
  checkLength(grants, RECORDS_MAX, 'grants');
  const once = onlyOnce();
  const few = onlyFew('grants');
  for (const [index, grant] of grants.entries()) {
    const at = `grants.${index}`;
    checkRecord(grant, at, once);
    checkRuleName(grant.budget, `${at}.budget`);
    if (!isAmount(grant.amount)) {
      throw policyInvalid(`${at}.amount`, 'must be whole nano-USD, 0 or more');
    }
    const { priority } = grant;
    if (!Number.isSafeInteger(priority) || priority < 0 || priority > PRIORITY_MAX) {
      throw policyInvalid(`${at}.priority`, `must be a whole number from 0 to ${PRIORITY_MAX}`);
    }
    few(at, grant.tenant, describeMatch(grant.on), grant.budget);
  }
}

/** What overrides and grants have in common. */
function checkRecord(
  record: Dated & Pick<PolicySet['grants'][number], 'id' | 'tenant' | 'on'>,
  at: string,
  once: ReturnType<typeof onlyOnce>,
): void {
  checkRuleName(record.id, `${at}.id`);
  once(`${at}.id`, 'id', record.id);
  tenantId(record.tenant, `${at}.tenant`);
  checkScopeMatch(record.on, `${at}.on`);
  const { fromMs, untilMs } = record;
  if (fromMs !== null) instant(fromMs, `${at}.fromMs`);
  if (untilMs !== null) instant(untilMs, `${at}.untilMs`);
  if (fromMs !== null && untilMs !== null && untilMs <= fromMs) {
    throw policyInvalid(`${at}.untilMs`, 'must be after fromMs');
  }
}

function checkChange<Terms extends object>(
  change: Change<Terms>,
  field: string,
  checkAll: (terms: Terms, field: string) => void,
  checkSome: (terms: Partial<Terms>, field: string) => void,
): void {
  switch (change.kind) {
    case 'set':
      checkAll(change.terms, `${field}.terms`);
      break;
    case 'alter':
      checkSome(change.terms, `${field}.terms`);
      if (Object.values(change.terms).every((term) => term === undefined)) {
        throw policyInvalid(`${field}.terms`, 'must change at least one of the terms');
      }
      break;
    case 'remove':
      break;
    default:
      throw policyInvalid(`${field}.kind`, 'must be one of set, alter, remove');
  }
}

function checkLength(records: readonly unknown[], max: number, field: string): void {
  if (records.length > max) throw policyInvalid(field, `must be at most ${max} records`);
}

/** Throws at the second record that is about the same thing. */
function onlyOnce(): (field: string, ...subject: string[]) => void {
  const seen = new Map<string, string>();
  return (field, ...subject) => {
    const key = JSON.stringify(subject);
    const first = seen.get(key);
    if (first !== undefined) {
      throw policyInvalid(field, `says the same as ${first} about ${subject.join(' ')}; keep one`);
    }
    seen.set(key, field);
  };
}

/** Throws when there are more records about one thing than are looked through for each call. */
function onlyFew(what: string): (field: string, ...subject: string[]) => void {
  const counts = new Map<string, number>();
  return (field, ...subject) => {
    const key = JSON.stringify(subject);
    const count = (counts.get(key) ?? 0) + 1;
    if (count > DATED_MAX) {
      throw policyInvalid(
        field,
        `is one of more than ${DATED_MAX} ${what} for ${subject.join(' ')}; remove those that have ended`,
      );
    }
    counts.set(key, count);
  };
}
