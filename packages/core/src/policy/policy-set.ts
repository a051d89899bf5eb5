/**
 * Policy sets: all rules of an installation, as plain records.
 *
 * Owns the records and what they mean. Five layers decide about a budget, each above the one before:
 * the defaults, the plan, the tenant's overrides, the scope's overrides, and grants. In every layer a rule for
 * a scope by its name counts more than one for each of the kind. The order of records in a set means nothing.
 *
 * A budget is one account for all its callers, so its terms may depend on its tenant and its own scope, and
 * on nothing else of the caller. That is why a plan is looked up for the budget's scope, not for the user.
 */
import type { Amount } from '../amount.ts';
import type { Scope, ScopeKind } from '../budget/budget.ts';
import type { TenantId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { BudgetRule, BudgetTerms } from './budget-rule.ts';
import type { PromotionRule } from './promotion.ts';
import type { AnyLimiterPolicy, PrincipalClass, RateRule, RateTerms } from './rate-rule.ts';
import type { ScopeMatch } from './scope-match.ts';

/** Budgets and rate limits that belong together. */
export interface Rules<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  readonly budgets: readonly BudgetRule[];
  readonly rates: readonly RateRule<L>[];
}

/** A named bundle of rules (free, pro, …). */
export interface Plan<L extends AnyLimiterPolicy = AnyLimiterPolicy> extends Rules<L> {
  readonly name: string;
}

/** Which plan a scope has, or (`scope: null`) every scope of the tenant that has none of its own. */
export interface Assignment {
  readonly tenant: TenantId;
  readonly scope: Scope | null;
  readonly plan: string;
}

/** When a record is in force: from `fromMs` (inclusive) until `untilMs` (exclusive); `null` for always. */
export interface Dated {
  readonly fromMs: InstantMs | null;
  readonly untilMs: InstantMs | null;
}

/** What an override does to the rule below it. */
export type Change<Terms> =
  /** Takes the place of the rule, or adds one where there was none. */
  | { readonly kind: 'set'; readonly terms: Terms }
  /** Changes some of the terms and keeps the others. Without a rule to change it does nothing. */
  | { readonly kind: 'alter'; readonly terms: Partial<Terms> }
  /** There is no such rule here. */
  | { readonly kind: 'remove' };

/** An exception within a tenant, for each scope of a kind or for one scope. */
interface Override extends Dated {
  /** Unique among the overrides of a set. */
  readonly id: string;
  readonly tenant: TenantId;
  readonly on: ScopeMatch;
}

/**
 * An exception about the budget called `budget`. Of several in force for the same scope and budget the one
 * that began last counts alone (of two that began together, the one whose id sorts first).
 */
export interface BudgetOverride extends Override {
  readonly budget: string;
  readonly change: Change<BudgetTerms>;
}

/** An exception about the rate limit called `rate` of one class of callers. Otherwise like `BudgetOverride`. */
export interface RateOverride<L extends AnyLimiterPolicy = AnyLimiterPolicy> extends Override {
  readonly rate: string;
  readonly class: PrincipalClass;
  readonly change: Change<RateTerms<L>>;
}

/**
 * Extra credit on a budget. It counts in full in every period that it touches, from `fromMs` on to the end
 * of the period; what is unspent then lapses with the period. It never ends within a period, because that
 * would turn credit already spent into overage.
 */
export interface Grant extends Dated {
  /** Unique among the grants of a set. */
  readonly id: string;
  readonly tenant: TenantId;
  readonly on: ScopeMatch;
  readonly budget: string;
  readonly amount: Amount;
  /** 0 … 1,000; which of several grants counts as used first: the lowest, then the one that ends first. */
  readonly priority: number;
}

/** Every rule of an installation. */
export interface PolicySet<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  /** Goes up with every change; 0 … 2^53 − 1. */
  readonly version: number;
  /** What applies to everybody without anything of their own. Holds at least one budget. */
  readonly defaults: Rules<L>;
  readonly plans: readonly Plan<L>[];
  readonly assignments: readonly Assignment[];
  readonly budgetOverrides: readonly BudgetOverride[];
  readonly rateOverrides: readonly RateOverride<L>[];
  readonly grants: readonly Grant[];
  readonly promotions: readonly PromotionRule[];
  /** Kinds of scopes that the product adds to the usual ones. */
  readonly scopeKinds: readonly ScopeKind[];
}
