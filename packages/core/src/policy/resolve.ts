/**
 * Resolution: the budgets and rate limits that a call is subject to, on which terms, and why.
 *
 * Puts the answers for the caller's scopes together. The order is default, plan, tenant, scope, grants; see
 * `policy-set.ts`. The answer depends on nothing but the policies, the caller and the instant, and its terms
 * for a budget on nothing of the caller but the tenant and the budget's own scope.
 */
import { type Amount, AMOUNT_MAX, ZERO } from '../amount.ts';
import { budgetId, type Scope } from '../budget/budget.ts';
import { type Period, periodAt } from '../budget/period.ts';
import type { BudgetId, TenantId } from '../ids.ts';
import { INSTANT_MAX, type InstantMs } from '../time.ts';
import type { BudgetTerms } from './budget-rule.ts';
import { type Caller, scopesOf } from './caller.ts';
import { type Considered, whyNot } from './layers.ts';
import { byUse, type Policies } from './policies.ts';
import type { Grant } from './policy-set.ts';
import type { AnyLimiterPolicy, PrincipalClass, RateTerms } from './rate-rule.ts';
import { type BudgetSlot, type Slot, slotsOf } from './slots.ts';

/** A budget that a call is charged to. */
export interface ResolvedBudget {
  readonly id: BudgetId;
  readonly scope: Scope;
  readonly name: string;
  readonly terms: BudgetTerms;
  /** The present period. */
  readonly period: Period;
  /** The grants that count in this period, in the order in which they count as used. */
  readonly grants: readonly Grant[];
  /** What they come to; 0 … `AMOUNT_MAX` less the limit. */
  readonly granted: Amount;
  /** What may be spent in the period, grants included; `null` for no limit. */
  readonly spendable: Amount | null;
  /**
   * When a record about it last began or ended; 0 if none did. Of two answers from one policy set the one
   * with the later instant counts.
   */
  readonly sinceMs: InstantMs;
  /** Every record that was looked at, the weakest first. */
  readonly why: readonly Considered[];
}

/** A rate limit that a call is subject to. */
export interface ResolvedRate<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  readonly scope: Scope;
  readonly name: string;
  readonly class: PrincipalClass;
  /** The name of its limiter on the scope: different for the two classes of callers. */
  readonly limiter: string;
  readonly terms: RateTerms<L>;
  readonly why: readonly Considered[];
}

/** What a call is subject to. */
export interface Resolution<L extends AnyLimiterPolicy = AnyLimiterPolicy> {
  readonly tenant: TenantId;
  /** Of the policy set that was asked. */
  readonly version: number;
  /** By id, ascending. */
  readonly budgets: readonly ResolvedBudget[];
  /** By scope and limiter, ascending. */
  readonly rates: readonly ResolvedRate<L>[];
  /** Until when (exclusive) the same caller gets the same answer: the next date of a record or period. */
  readonly validUntilMs: InstantMs;
  /** How many look-ups and records it took: a measure of work that does not depend on the machine. */
  readonly examined: number;
}

/**
 * What a call of `caller` at `nowMs` is subject to. Throws `id_invalid`, naming the kind of scope, for what is
 * no name, and `input_invalid` for too many scopes. Takes time in proportion to the caller's scopes and the
 * records about them, however large the policy set is.
 */
export function resolve<L extends AnyLimiterPolicy>(
  policies: Policies<L>,
  caller: Caller,
  nowMs: InstantMs,
): Resolution<L> {
  const budgets: ResolvedBudget[] = [];
  const rates: ResolvedRate<L>[] = [];
  let examined = 0;
  let validUntilMs = INSTANT_MAX;
  const expect = (dates: readonly InstantMs[]) => {
    for (const date of dates) if (date > nowMs && date < validUntilMs) validUntilMs = date;
  };
  for (const scope of scopesOf(caller)) {
    const slots = slotsOf(policies, caller.tenant, scope, nowMs);
    examined += slots.examined;
    for (const slot of slots.budgets) {
      const found = budgetOf(slot, caller.tenant, nowMs);
      budgets.push(...found);
      expect([...slot.dates, ...found.map(({ period }) => period.endAtMs)]);
    }
    for (const slot of slots.rates) {
      rates.push(...rateOf(slot, caller.class));
      expect(slot.dates);
    }
  }
  return {
    tenant: caller.tenant,
    version: policies.set.version,
    budgets: budgets.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    rates: rates.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
    validUntilMs,
    examined,
  };
}

/** The budget of `slot`, if there is one, with its grants. */
function budgetOf(slot: BudgetSlot, tenant: TenantId, nowMs: InstantMs): ResolvedBudget[] {
  const { scope, key: name, terms } = slot;
  if (terms === undefined) return [];
  const period = periodAt(terms.period, nowMs);
  const considered = slot.grants.map((record) => ({
    ...record,
    reason: grantIdle(record.grant, period, nowMs),
  }));
  const grants = considered
    .flatMap(({ grant, reason }) => (reason === undefined ? [grant] : []))
    .toSorted(byUse);
  const room = AMOUNT_MAX - (terms.limit ?? ZERO);
  const granted = grants.reduce((sum, { amount }) => Math.min(sum + amount, room), 0) as Amount;
  return [
    {
      id: budgetId(tenant, scope, name),
      scope,
      name,
      terms,
      period,
      grants,
      granted,
      spendable: terms.limit === null ? null : ((terms.limit + granted) as Amount),
      sinceMs: Math.max(0, ...slot.dates.filter((date) => date <= nowMs)) as InstantMs,
      why: [
        ...slot.considered,
        ...considered.map(({ grant, named, reason }): Considered => {
          const record = { layer: 'grant', source: grant.id, named } as const;
          return reason === undefined
            ? { ...record, verdict: 'added' }
            : { ...record, verdict: 'idle', reason };
        }),
      ],
    },
  ];
}

/** Why `grant` does not count in `period` at `nowMs`; nothing if it does. One that began counts to its end. */
function grantIdle(grant: Grant, period: Period, nowMs: InstantMs): string | undefined {
  const { fromMs, untilMs } = grant;
  return (
    whyNot({ fromMs, untilMs: null }, nowMs) ?? whyNot({ fromMs: null, untilMs }, period.startAtMs)
  );
}

function rateOf<L extends AnyLimiterPolicy>(
  slot: Slot<RateTerms<L>>,
  principal: PrincipalClass,
): ResolvedRate<L>[] {
  const { scope, key, terms, considered } = slot;
  const colon = key.indexOf(':');
  if (terms === undefined || key.slice(0, colon) !== principal) return [];
  const name = key.slice(colon + 1);
  return [{ scope, name, class: principal, limiter: key, terms, why: considered }];
}

/** Neither kinds nor classes contain what separates them here. */
function orderOf({ scope, limiter }: ResolvedRate): string {
  return JSON.stringify([scope.kind, scope.name, limiter]);
}
