/**
 * The file format of policy sets: JSON as people write it, with decimal USD and dates. By example:
 * docs/budgets.md.
 *
 * Reads the form; whether the whole can be used is checked by `compilePolicies`. A field that is not known is
 * refused, because a misspelled limit would be no limit.
 */
import { DAY_MS } from '../budget/civil-date.ts';
import { tenantId } from '../ids.ts';
import { duration } from '../time.ts';
import {
  budgetTermsOf,
  changeOf,
  classOf,
  type LimiterReader,
  matchOf,
  planOf,
  rateTermsOf,
  rulesOf,
  someBudgetTermsOf,
  someRateTermsOf,
} from './parse-rules.ts';
import { policyInvalid } from './policy-invalid.ts';
import type {
  Assignment,
  BudgetOverride,
  Dated,
  Grant,
  PolicySet,
  RateOverride,
} from './policy-set.ts';
import type { PromotionRule } from './promotion.ts';
import type { AnyLimiterPolicy } from './rate-rule.ts';
import {
  instantOrNull,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  textOf,
  usdOf,
} from './read-json.ts';

/**
 * The policy set in `value`, the parsed JSON of a policies file; `limiterOf` reads the limiters' policies.
 * Throws `policy_invalid`, `period_invalid`, `id_invalid`, `amount_out_of_range` or what `limiterOf` throws,
 * naming the field, as in `plans.0.budgets.1.limitUsd`.
 */
export function parsePolicySet<L extends AnyLimiterPolicy>(
  value: unknown,
  limiterOf: LimiterReader<L>,
): PolicySet<L> {
  const set = objectOf(value, 'policies', [
    'version',
    'defaults',
    'plans',
    'assignments',
    'budgetOverrides',
    'rateOverrides',
    'grants',
    'promotions',
    'scopeKinds',
  ]);
  const list = <Item>(name: string, read: (item: unknown, at: string) => Item) =>
    listOf(set[name], name, read);
  const defaults = objectOf(set['defaults'], 'defaults', ['budgets', 'rates']);
  return {
    version: numberOf(set['version'], 'version'),
    defaults: rulesOf(defaults, 'defaults', limiterOf),
    plans: list('plans', (item, at) => planOf(item, at, limiterOf)),
    assignments: list('assignments', assignmentOf),
    budgetOverrides: list('budgetOverrides', budgetOverrideOf),
    rateOverrides: list('rateOverrides', (item, at) => rateOverrideOf(item, at, limiterOf)),
    grants: list('grants', grantOf),
    promotions: list('promotions', promotionOf),
    scopeKinds: list('scopeKinds', textOf),
  };
}

function assignmentOf(value: unknown, field: string): Assignment {
  const { tenant, scope, plan } = objectOf(value, field, ['tenant', 'scope', 'plan']);
  return {
    tenant: tenantId(textOf(tenant, `${field}.tenant`), `${field}.tenant`),
    scope: scope === undefined || scope === null ? null : scopeOf(scope, `${field}.scope`),
    plan: textOf(plan, `${field}.plan`),
  };
}

function scopeOf(value: unknown, field: string): NonNullable<Assignment['scope']> {
  const { kind, name } = matchOf(value, field);
  if (name === undefined) {
    throw policyInvalid(`${field}.name`, 'must be given; without a scope the plan is the tenant’s');
  }
  return { kind, name };
}

const RECORD_FIELDS = ['id', 'tenant', 'on', 'from', 'until'];

/** What overrides and grants have in common. */
function recordOf(record: JsonObject, field: string): Pick<Grant, 'id' | 'tenant' | 'on'> & Dated {
  return {
    id: textOf(record['id'], `${field}.id`),
    tenant: tenantId(textOf(record['tenant'], `${field}.tenant`), `${field}.tenant`),
    on: matchOf(record['on'], `${field}.on`),
    fromMs: instantOrNull(record['from'], `${field}.from`),
    untilMs: instantOrNull(record['until'], `${field}.until`),
  };
}

function budgetOverrideOf(value: unknown, field: string): BudgetOverride {
  const override = objectOf(value, field, [...RECORD_FIELDS, 'budget', 'change']);
  return {
    ...recordOf(override, field),
    budget: textOf(override['budget'], `${field}.budget`),
    change: changeOf(override['change'], `${field}.change`, budgetTermsOf, someBudgetTermsOf),
  };
}

function rateOverrideOf<L extends AnyLimiterPolicy>(
  value: unknown,
  field: string,
  limiterOf: LimiterReader<L>,
): RateOverride<L> {
  const override = objectOf(value, field, [...RECORD_FIELDS, 'rate', 'class', 'change']);
  return {
    ...recordOf(override, field),
    rate: textOf(override['rate'], `${field}.rate`),
    class: classOf(override['class'], `${field}.class`),
    change: changeOf(
      override['change'],
      `${field}.change`,
      (terms, at) => rateTermsOf(terms, at, limiterOf),
      (terms, at) => someRateTermsOf(terms, at, limiterOf),
    ),
  };
}

function grantOf(value: unknown, field: string): Grant {
  const grant = objectOf(value, field, [...RECORD_FIELDS, 'budget', 'amountUsd', 'priority']);
  const { priority } = grant;
  return {
    ...recordOf(grant, field),
    budget: textOf(grant['budget'], `${field}.budget`),
    amount: usdOf(grant['amountUsd'], `${field}.amountUsd`),
    priority: priority === undefined ? 0 : numberOf(priority, `${field}.priority`),
  };
}

function promotionOf(value: unknown, field: string): PromotionRule {
  const rule = objectOf(value, field, ['from', 'to', 'spentUsd', 'ageDays']);
  const days = numberOf(rule['ageDays'], `${field}.ageDays`);
  return {
    from: textOf(rule['from'], `${field}.from`),
    to: textOf(rule['to'], `${field}.to`),
    spentMin: usdOf(rule['spentUsd'], `${field}.spentUsd`),
    ageMsMin: duration(days * DAY_MS, `${field}.ageDays`),
  };
}
