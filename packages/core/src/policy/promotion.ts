/**
 * Promotion: the plan that somebody has grown into, by what they have spent and how long they have been there.
 *
 * Decides when a promotion falls due. Carrying it out (a new assignment, a line in the audit log) is the
 * service's job. Nobody is ever moved back.
 */
import { type Amount, formatUsd, isAmount, ZERO } from '../amount.ts';
import { after, type DurationMs, type InstantMs } from '../time.ts';
import { policyInvalid } from './policy-invalid.ts';

/** Whoever has the plan `from`, has spent `spentMin` in all and has been there for `ageMsMin` moves to `to`. */
export interface PromotionRule {
  readonly from: string;
  readonly to: string;
  /** Nano-USD, inclusive. */
  readonly spentMin: Amount;
  /** Milliseconds, inclusive. */
  readonly ageMsMin: DurationMs;
}

/** What a promotion depends on. */
export interface PromotionFacts {
  readonly plan: string;
  /** All that was ever booked, over all periods. */
  readonly spent: Amount;
  /** When the age begins to count: the first payment, or the sign-up; the product's choice. */
  readonly sinceMs: InstantMs;
}

/** What was booked on one budget of a scope. */
export interface BudgetSpend {
  /** The budget's name. */
  readonly budget: string;
  /** All that was ever booked, over all periods, at most `AMOUNT_MAX`; what was carried is counted once. */
  readonly spent: Amount;
  /** When the first entry was made; `null` while there is none. */
  readonly firstAtMs: InstantMs | null;
}

/** One move from plan to plan. */
export interface PromotionStep {
  readonly rule: PromotionRule;
  /** Why, as a whole sentence for the audit log. */
  readonly because: string;
}

/** Where somebody belongs. */
export interface Promotion {
  /** The plan afterwards; the one they have if nothing is due. */
  readonly plan: string;
  /** The moves that lead there, in order; empty if nothing is due. */
  readonly steps: readonly PromotionStep[];
  /** When the next move falls due without another cent being spent; `null` if none does. */
  readonly nextAtMs: InstantMs | null;
}

/** Most promotion rules of one policy set. */
export const PROMOTIONS_MAX = 100;

/**
 * What the budgets of one scope come to: the largest sum, because a call is charged in whole to each of them, and
 * the first entry of all. Nothing before there is an entry: nobody's age begins before they came.
 */
export function spendOf(
  budgets: readonly BudgetSpend[],
): Pick<PromotionFacts, 'spent' | 'sinceMs'> | undefined {
  let spent = ZERO;
  let sinceMs: InstantMs | undefined;
  for (const budget of budgets) {
    const { firstAtMs } = budget;
    if (firstAtMs === null) continue;
    if (budget.spent > spent) spent = budget.spent;
    if (sinceMs === undefined || firstAtMs < sinceMs) sinceMs = firstAtMs;
  }
  return sinceMs === undefined ? undefined : { spent, sinceMs };
}

/**
 * The plan that `facts` lead to at `nowMs`. Several moves can be due at once and are all made. Of several rules
 * that are due for one plan the one that asks for most counts: by spend, then by age, then by the plan's name.
 */
export function promote(
  rules: readonly PromotionRule[],
  facts: PromotionFacts,
  nowMs: InstantMs,
): Promotion {
  const steps: PromotionStep[] = [];
  let plan = facts.plan;
  // No rule comes up twice, for a checked set of rules leads nobody back.
  while (steps.length <= rules.length) {
    const paid = rules.filter((rule) => rule.from === plan && facts.spent >= rule.spentMin);
    const [rule] = paid
      .filter(({ ageMsMin }) => after(facts.sinceMs, ageMsMin) <= nowMs)
      .toSorted(byDemand);
    if (rule === undefined) return { plan, steps, nextAtMs: earliest(paid, facts) };
    plan = rule.to;
    steps.push({ rule, because: becauseOf(rule) });
  }
  throw policyInvalid('promotions', 'must not lead back to a plan that was left');
}

/** Throws `policy_invalid`, naming the field, unless the rules can be used and none leads back. */
export function checkPromotions(rules: readonly PromotionRule[], field: string): void {
  if (rules.length > PROMOTIONS_MAX) {
    throw policyInvalid(field, `must be at most ${PROMOTIONS_MAX} rules`);
  }
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const { from, to, spentMin, ageMsMin } = rule;
    if (!isAmount(spentMin)) {
      throw policyInvalid(`${field}.${index}.spentMin`, 'must be whole nano-USD');
    }
    if (!Number.isSafeInteger(ageMsMin) || ageMsMin < 0) {
      throw policyInvalid(`${field}.${index}.ageMsMin`, 'must be whole milliseconds, 0 or more');
    }
    const key = JSON.stringify([from, to]);
    if (seen.has(key)) {
      throw policyInvalid(`${field}.${index}`, `repeats the promotion from "${from}" to "${to}"`);
    }
    seen.add(key);
    if (leadsTo(rules, to, from)) {
      throw policyInvalid(
        `${field}.${index}`,
        `must not lead back: "${to}" is promoted to "${from}" again`,
      );
    }
  }
}

/** Whether some rules lead from the plan `start` to the plan `goal`, or are the same. */
function leadsTo(rules: readonly PromotionRule[], start: string, goal: string): boolean {
  const reached = new Set([start]);
  // A set hands out what is added to it on the way.
  for (const plan of reached) {
    for (const { from, to } of rules) if (from === plan) reached.add(to);
  }
  return reached.has(goal);
}

function byDemand(a: PromotionRule, b: PromotionRule): number {
  return b.spentMin - a.spentMin || b.ageMsMin - a.ageMsMin || (a.to < b.to ? -1 : 1);
}

function earliest(paid: readonly PromotionRule[], { sinceMs }: PromotionFacts): InstantMs | null {
  if (paid.length === 0) return null;
  return after(sinceMs, Math.min(...paid.map(({ ageMsMin }) => ageMsMin)) as DurationMs);
}

function becauseOf({ from, to, spentMin, ageMsMin }: PromotionRule): string {
  const days = Math.floor(ageMsMin / 86_400_000);
  return `From "${from}" to "${to}": $${formatUsd(spentMin)} or more spent, and there for ${days} days or more.`;
}
