/** The JSON form of budgets, rates and plans; see `parse-policy-set.ts`. */
import { checkPeriodRule, MONTHLY_UTC } from '../budget/period-rule.ts';
import type { BudgetMode, BudgetRule, BudgetTerms } from './budget-rule.ts';
import { policyInvalid } from './policy-invalid.ts';
import type { Change, Plan, Rules } from './policy-set.ts';
import {
  type AnyLimiterPolicy,
  COUNTED,
  type PrincipalClass,
  type RateRule,
  type RateTerms,
} from './rate-rule.ts';
import { type JsonObject, listOf, numberOf, objectOf, oneOf, textOf, usdOf } from './read-json.ts';
import type { ScopeMatch } from './scope-match.ts';

/** Reads a limiter's policy; throws a `BursarError` that names the field. */
export type LimiterReader<L extends AnyLimiterPolicy> = (value: unknown, field: string) => L;

const BUDGET_TERMS = ['limitUsd', 'period', 'mode', 'alertPercents', 'sharePercentMax'];
const RATE_TERMS = ['counts', 'limiter'];
const CLASSES: readonly PrincipalClass[] = ['authenticated', 'anonymous'];

/** `value` as the rules in a plan or in the defaults. */
export function rulesOf<L extends AnyLimiterPolicy>(
  value: JsonObject,
  field: string,
  limiterOf: LimiterReader<L>,
): Rules<L> {
  return {
    budgets: listOf(value['budgets'], `${field}.budgets`, budgetOf),
    rates: listOf(value['rates'], `${field}.rates`, (item, at) => rateOf(item, at, limiterOf)),
  };
}

/** `value` as a plan. */
export function planOf<L extends AnyLimiterPolicy>(
  value: unknown,
  field: string,
  limiterOf: LimiterReader<L>,
): Plan<L> {
  const plan = objectOf(value, field, ['name', 'budgets', 'rates']);
  return { name: textOf(plan['name'], `${field}.name`), ...rulesOf(plan, field, limiterOf) };
}

/** `value` as what a rule or record is on. */
export function matchOf(value: unknown, field: string): ScopeMatch {
  const { kind, name } = objectOf(value, field, ['kind', 'name']);
  return {
    kind: textOf(kind, `${field}.kind`),
    ...(name !== undefined && { name: textOf(name, `${field}.name`) }),
  };
}

/** `value` as a class of callers; authenticated ones if nothing is said. */
export function classOf(value: unknown, field: string): PrincipalClass {
  return value === undefined ? 'authenticated' : oneOf(value, field, CLASSES);
}

/** `value` as a change: `"remove"`, `{"set": {…}}` or `{"alter": {…}}`. */
export function changeOf<Terms>(
  value: unknown,
  field: string,
  terms: (value: unknown, field: string) => Terms,
  someTerms: (value: unknown, field: string) => Partial<Terms>,
): Change<Terms> {
  if (value === 'remove') return { kind: 'remove' };
  const hint = 'must be "remove", or an object with either set or alter';
  if (typeof value !== 'object' || value === null) throw policyInvalid(field, hint);
  const { set, alter } = objectOf(value, field, ['set', 'alter']);
  if ((set === undefined) === (alter === undefined)) throw policyInvalid(field, hint);
  return set === undefined
    ? { kind: 'alter', terms: someTerms(alter, `${field}.alter`) }
    : { kind: 'set', terms: terms(set, `${field}.set`) };
}

/** `value` as the terms of a budget; everything but the limit may be left out. */
export function budgetTermsOf(value: unknown, field: string): BudgetTerms {
  return completeTerms(objectOf(value, field, BUDGET_TERMS), field);
}

/** `value` as some terms of a budget. */
export function someBudgetTermsOf(value: unknown, field: string): Partial<BudgetTerms> {
  return givenTerms(objectOf(value, field, BUDGET_TERMS), field);
}

/** `value` as the terms of a rate limit. */
export function rateTermsOf<L extends AnyLimiterPolicy>(
  value: unknown,
  field: string,
  limiterOf: LimiterReader<L>,
): RateTerms<L> {
  const terms = objectOf(value, field, RATE_TERMS);
  return {
    counts: oneOf(terms['counts'], `${field}.counts`, COUNTED),
    limiter: limiterOf(terms['limiter'], `${field}.limiter`),
  };
}

/** `value` as some terms of a rate limit. */
export function someRateTermsOf<L extends AnyLimiterPolicy>(
  value: unknown,
  field: string,
  limiterOf: LimiterReader<L>,
): Partial<RateTerms<L>> {
  const { counts, limiter } = objectOf(value, field, RATE_TERMS);
  return {
    ...(counts !== undefined && { counts: oneOf(counts, `${field}.counts`, COUNTED) }),
    ...(limiter !== undefined && { limiter: limiterOf(limiter, `${field}.limiter`) }),
  };
}

function budgetOf(value: unknown, field: string): BudgetRule {
  const rule = objectOf(value, field, ['name', 'on', ...BUDGET_TERMS]);
  return {
    name: textOf(rule['name'], `${field}.name`),
    on: matchOf(rule['on'], `${field}.on`),
    ...completeTerms(rule, field),
  };
}

function rateOf<L extends AnyLimiterPolicy>(
  value: unknown,
  field: string,
  limiterOf: LimiterReader<L>,
): RateRule<L> {
  const {
    name,
    on,
    class: principal,
    ...terms
  } = objectOf(value, field, ['name', 'on', 'class', ...RATE_TERMS]);
  return {
    name: textOf(name, `${field}.name`),
    on: matchOf(on, `${field}.on`),
    class: classOf(principal, `${field}.class`),
    ...rateTermsOf(terms, field, limiterOf),
  };
}

function completeTerms(terms: JsonObject, field: string): BudgetTerms {
  if (terms['limitUsd'] === undefined) {
    throw policyInvalid(
      `${field}.limitUsd`,
      'must be given: decimal USD such as "20.00", or null for no limit',
    );
  }
  return {
    limit: null,
    period: MONTHLY_UTC,
    mode: { kind: 'strict' },
    alertPercents: [],
    sharePercentMax: null,
    ...givenTerms(terms, field),
  };
}

function givenTerms(terms: JsonObject, field: string): Partial<BudgetTerms> {
  const { limitUsd, period, mode, alertPercents, sharePercentMax } = terms;
  return {
    ...(limitUsd !== undefined && {
      limit: limitUsd === null ? null : usdOf(limitUsd, `${field}.limitUsd`),
    }),
    ...(period !== undefined && { period: checkPeriodRule(period, `${field}.period`) }),
    ...(mode !== undefined && { mode: modeOf(mode, `${field}.mode`) }),
    ...(alertPercents !== undefined && {
      alertPercents: listOf(alertPercents, `${field}.alertPercents`, numberOf),
    }),
    ...(sharePercentMax !== undefined && {
      sharePercentMax:
        sharePercentMax === null ? null : numberOf(sharePercentMax, `${field}.sharePercentMax`),
    }),
  };
}

function modeOf(value: unknown, field: string): BudgetMode {
  if (typeof value === 'object' && value !== null) {
    const { boundedByUsd } = objectOf(value, field, ['boundedByUsd']);
    return { kind: 'bounded', by: usdOf(boundedByUsd, `${field}.boundedByUsd`) };
  }
  if (value === 'strict' || value === 'track') return { kind: value };
  throw policyInvalid(field, 'must be "strict", "track" or {"boundedByUsd": "1.00"}');
}
