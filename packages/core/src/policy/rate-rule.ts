/**
 * Rate rules: which scopes have which rate limit, for which class of callers.
 *
 * How a limiter counts is the limiter's own matter: a rule carries its policy and does not look inside.
 */
import { checkRuleName } from './budget-rule.ts';
import { policyInvalid } from './policy-invalid.ts';
import { checkScopeMatch, type ScopeMatch } from './scope-match.ts';

/** What rate rules know of a limiter's policy; each algorithm has parameters of its own beside it. */
export interface AnyLimiterPolicy {
  readonly algorithm: string;
}

/** Whether a caller has proved who they are. */
export type PrincipalClass = 'authenticated' | 'anonymous';
/** What one permit of a limiter can stand for. */
export const COUNTED = [
  'requests',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  /** Nano-USD. */
  'money',
  /** Whatever the product counts: known when a call has ended, by what is reported with its settlement. */
  'units',
] as const;
export type Counted = (typeof COUNTED)[number];

const CLASSES: readonly string[] = ['authenticated', 'anonymous'] satisfies PrincipalClass[];

/** What a rate limit is subject to; the part of a rule that overrides can change. */
export interface RateTerms<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  readonly counts: Counted;
  readonly limiter: L;
}

/** A rate limit on each scope of a kind, or on one scope, for one class of callers. */
export interface RateRule<L extends AnyLimiterPolicy = AnyLimiterPolicy> extends RateTerms<L> {
  readonly name: string;
  readonly on: ScopeMatch;
  /** Each class counts for itself: signing in neither merges nor resets anything. */
  readonly class: PrincipalClass;
}

/** Throws, naming the field below `field`, unless `rule` can be used. The limiter checks its own policy. */
export function checkRateRule(rule: RateRule, field: string): void {
  checkRateName(rule, field);
  checkScopeMatch(rule.on, `${field}.on`);
  checkRateTerms(rule, field);
}

/** Throws, naming the field below `field`, for what cannot be the name of a rate. */
export function checkRateName(
  rate: { readonly name: string; readonly class: PrincipalClass },
  field: string,
): void {
  checkRuleName(rate.name, `${field}.name`);
  if (!CLASSES.includes(rate.class)) {
    throw policyInvalid(`${field}.class`, `must be one of ${CLASSES.join(', ')}`);
  }
}

/** Throws, naming the field below `field`, unless all terms are given and can be used. */
export function checkRateTerms(terms: RateTerms, field: string): void {
  if (terms.limiter === undefined) throw policyInvalid(`${field}.limiter`, 'must be given');
  if (terms.counts === undefined) throw policyInvalid(`${field}.counts`, 'must be given');
  checkSomeRateTerms(terms, field);
}

/** Throws, naming the field below `field`, unless those of the terms that are given can be used. */
export function checkSomeRateTerms(terms: Partial<RateTerms>, field: string): void {
  if (terms.counts === 'units' && terms.limiter?.algorithm === 'concurrency') {
    throw policyInvalid(
      `${field}.counts`,
      'must not be units where the algorithm is concurrency: units are known when a call has ended, and its slots are free by then',
    );
  }
  if (terms.counts !== undefined && !COUNTED.includes(terms.counts)) {
    throw policyInvalid(`${field}.counts`, `must be one of ${COUNTED.join(', ')}`);
  }
}

/** What tells rates on one scope apart; no two classes share one. */
export function rateKey(rate: { readonly name: string; readonly class: PrincipalClass }): string {
  return `${rate.class}:${rate.name}`;
}
