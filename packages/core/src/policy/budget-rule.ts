/**
 * Budget rules: which scopes have which budget, and on what terms.
 *
 * Owns the record, its check and its wording. Which rule counts where several are for the same budget:
 * `layers.ts`.
 */
import { type Amount, formatUsd, isAmount } from '../amount.ts';
import { checkPeriodRule, describePeriodRule, type PeriodRule } from '../budget/period-rule.ts';
import { nameProblem, utf8Bytes } from '../ids.ts';
import { policyInvalid } from './policy-invalid.ts';
import { checkScopeMatch, type ScopeMatch } from './scope-match.ts';

/** Longest name of a budget, rate, plan, override or grant, in UTF-8 bytes. */
export const RULE_NAME_BYTES_MAX = 64;
/** Most alert thresholds of one budget. */
export const ALERTS_MAX = 16;
/** Highest alert threshold, in per cent of what may be spent. */
export const ALERT_PERCENT_MAX = 1_000;

/** How exactly a limit is kept. */
export type BudgetMode =
  /** Never over, in any state of the stores. */
  | { readonly kind: 'strict' }
  /** Over by at most `by` nano-USD in a period, in return for calls that need not wait. */
  | { readonly kind: 'bounded'; readonly by: Amount }
  /** Refuses nothing: the limit is only measured against. */
  | { readonly kind: 'track' };

/** What a budget is subject to; the part of a rule that overrides can change. */
export interface BudgetTerms {
  /** What may be spent in a period, in nano-USD; 0 is a limit, `null` is none, and everything is still tracked. */
  readonly limit: Amount | null;
  readonly period: PeriodRule;
  readonly mode: BudgetMode;
  /** At which parts of what may be spent somebody is told, in whole per cent 1 … 1,000, ascending. */
  readonly alertPercents: readonly number[];
  /**
   * The largest part of what may be spent that one caller may have set aside at once, in whole per cent
   * 1 … 100, so that nobody keeps a budget from all others; `null` for all of it.
   */
  readonly sharePercentMax: number | null;
}

/** A budget on each scope of a kind, or on one scope. */
export interface BudgetRule extends BudgetTerms {
  /** Name of the budget, part of its accounts' ids. Rules of one name for one scope are about one budget. */
  readonly name: string;
  readonly on: ScopeMatch;
}

const TERMS: readonly (keyof BudgetTerms)[] = [
  'limit',
  'period',
  'mode',
  'alertPercents',
  'sharePercentMax',
];
const MODES: readonly string[] = ['strict', 'bounded', 'track'] satisfies BudgetMode['kind'][];

/** Throws, naming the field below `field`, unless `rule` can be used. */
export function checkBudgetRule(rule: BudgetRule, field: string): void {
  checkRuleName(rule.name, `${field}.name`);
  checkScopeMatch(rule.on, `${field}.on`);
  checkBudgetTerms(rule, field);
}

/** Throws, naming the field below `field`, unless all terms are given and can be used. */
export function checkBudgetTerms(terms: BudgetTerms, field: string): void {
  for (const name of TERMS) {
    if (terms[name] === undefined) throw policyInvalid(`${field}.${name}`, 'must be given');
  }
  checkSomeBudgetTerms(terms, field);
}

/** Throws, naming the field below `field`, unless those of the terms that are given can be used. */
export function checkSomeBudgetTerms(terms: Partial<BudgetTerms>, field: string): void {
  const { limit, period, mode, alertPercents, sharePercentMax } = terms;
  if (limit !== undefined && limit !== null && !isAmount(limit)) {
    throw policyInvalid(`${field}.limit`, 'must be whole nano-USD, or null for no limit');
  }
  if (period !== undefined) checkPeriodRule(period, `${field}.period`);
  if (mode !== undefined && !MODES.includes(mode.kind)) {
    throw policyInvalid(`${field}.mode.kind`, `must be one of ${MODES.join(', ')}`);
  }
  if (mode?.kind === 'bounded' && !isAmount(mode.by)) {
    throw policyInvalid(`${field}.mode.by`, 'must be whole nano-USD: the most it may be over');
  }
  if (alertPercents !== undefined) checkAlerts(alertPercents, `${field}.alertPercents`);
  if (
    sharePercentMax !== undefined &&
    sharePercentMax !== null &&
    !isPercent(sharePercentMax, 100)
  ) {
    throw policyInvalid(
      `${field}.sharePercentMax`,
      'must be a whole number from 1 to 100, or null for no ceiling',
    );
  }
}

/** Throws `policy_invalid`, naming `field`, for what is no name of a rule, plan or record. */
export function checkRuleName(name: string, field: string): void {
  const problem =
    nameProblem(name) ??
    (utf8Bytes(name) > RULE_NAME_BYTES_MAX
      ? `must be at most ${RULE_NAME_BYTES_MAX} bytes of UTF-8`
      : undefined);
  if (problem !== undefined) throw policyInvalid(field, problem);
}

function checkAlerts(percents: readonly number[], field: string): void {
  if (percents.length > ALERTS_MAX) {
    throw policyInvalid(field, `must be at most ${ALERTS_MAX} thresholds`);
  }
  for (const [index, percent] of percents.entries()) {
    if (!isPercent(percent, ALERT_PERCENT_MAX) || percent <= (percents[index - 1] ?? 0)) {
      throw policyInvalid(
        `${field}.${index}`,
        `must be a whole number from 1 to ${ALERT_PERCENT_MAX}, in ascending order`,
      );
    }
  }
}

function isPercent(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}

/** The limit in words: `$5.00 each calendar month, strict`. */
export function describeTerms({ limit, period, mode }: BudgetTerms): string {
  const most = limit === null ? 'no limit' : `$${formatUsd(limit)}`;
  const kept = mode.kind === 'bounded' ? `bounded by $${formatUsd(mode.by)}` : mode.kind;
  const each =
    period.every === 'lifetime' ? 'for its lifetime' : `each ${describePeriodRule(period)}`;
  return `${most} ${each}, ${kept}`;
}
