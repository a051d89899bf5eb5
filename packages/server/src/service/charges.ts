/**
 * What a call is charged to: the accounts of all budgets that the policies say apply to it.
 *
 * Puts the caller together from a verified principal and a message, and asks the policy book. The periods are
 * picked by the clock that is handed in; on the way of a call that is the service's own, and the tier refuses
 * a period that its clock contradicts.
 */
import type { Principal, ScopesInput } from '@bursar/api';
import {
  type AccountId,
  accountId,
  accountParts,
  type AccountTerms,
  type BudgetId,
  budgetId,
  type BudgetLeg,
  budgetLegs,
  BursarError,
  type Caller,
  CREDIT,
  type InstantMs,
  isBursarError,
  type LegAccount,
  legOfBudget,
  type LimiterPolicy,
  limiterId,
  MONTHLY_UTC,
  type Period,
  periodAt,
  type PeriodRule,
  periodNamed,
  RATES_MAX,
  type Resolution,
  type ResolvedBudget,
  type Scope,
  SCOPE_KINDS,
  shareLimiterId,
  type TenantId,
  ZERO,
} from '@bursar/core';
import type { PolicyBook } from '../policies/policy-book.ts';
import type { CallRate } from './call-rates.ts';
import { type Funding, OWN_KEY_BUDGET } from './funding.ts';

/** On whose behalf a call is made, and on what. */
export interface ChargedCall {
  readonly user: string;
  readonly model: string;
  readonly scopes?: ScopesInput | undefined;
  /** Whether the product does not know who calls. */
  readonly anonymous?: boolean | undefined;
}

/** What one call is subject to. */
export interface Charged {
  /** The accounts that it is charged to, in ascending order of their ids. */
  readonly legs: readonly LegAccount[];
  /** The rates that it takes from, with the ceilings on one user's share of a budget. */
  readonly rates: readonly CallRate[];
}

/** One budget in one period, for reading it and for people who change it. */
export interface BudgetInPeriod {
  readonly scope: Scope;
  readonly budget: BudgetId;
  readonly account: AccountId;
  readonly period: Period;
  /** How its time is cut into periods. */
  readonly rule: PeriodRule;
  /** What the policies say about it; nothing where they have no such budget, or are the ones built in. */
  readonly terms: AccountTerms | undefined;
}

/** The kinds of scopes that are fields of their own. */
const FIELDS: readonly string[] = ['user', 'model'];
const NO_SCOPES: ScopesInput = {};

/** Finds accounts. */
export class Charges {
  readonly #book: PolicyBook;
  /** What follows from each resolution while the service pays: the book gives out the same one again and again. */
  readonly #byService = new WeakMap<Resolution<LimiterPolicy>, Charged>();

  constructor(book: PolicyBook) {
    this.#book = book;
  }

  /** Whether the policies were asked for once. */
  get isReady(): boolean {
    return this.#book.isReady;
  }

  /** Resolves then. */
  get ready(): Promise<void> {
    return this.#book.ready;
  }

  /** Who is calling. Throws `input_invalid`, naming the scope, for a kind that nobody has declared. */
  callerOf(
    { tenant }: Pick<Principal, 'tenant'>,
    call: { readonly [F in keyof ChargedCall]?: ChargedCall[F] | undefined },
  ): Caller {
    const { user, model, scopes: given, anonymous = false } = call;
    const scopes: Scope[] = [];
    if (user !== undefined) scopes.push({ kind: 'user', name: user });
    if (model !== undefined) scopes.push({ kind: 'model', name: model });
    for (const [kind, names] of Object.entries(given ?? NO_SCOPES)) {
      this.#assertKind(kind);
      for (const name of typeof names === 'string' ? [names] : names) scopes.push({ kind, name });
    }
    return { tenant, class: anonymous ? 'anonymous' : 'authenticated', scopes };
  }

  /**
   * What a call at `nowMs` is subject to: the budgets and rates that the policies name, or, when the user's own key
   * pays, the same rates and only the account on which own keys are tracked. Throws `id_invalid`, `input_invalid`,
   * `budget_missing`, `budgets_too_many` or `rates_too_many`.
   */
  of(
    principal: Pick<Principal, 'tenant'>,
    call: ChargedCall,
    funding: Funding,
    nowMs: InstantMs,
  ): Charged {
    const resolution = this.#book.resolve(this.callerOf(principal, call), nowMs);
    if (funding.source !== 'service') return chargedBy(resolution, principal, call, funding, nowMs);
    const known = this.#byService.get(resolution);
    if (known !== undefined) return known;
    const charged = chargedBy(resolution, principal, call, funding, nowMs);
    this.#byService.set(resolution, charged);
    return charged;
  }

  /**
   * The accounts that a call is booked on that has been made, and of which nobody knows where it was reserved. Never
   * refuses, because the money is spent: where the policies do not say (any more) what it is charged to, that is the
   * user's credit, or the account of the key that has paid.
   */
  spentOn(
    principal: Pick<Principal, 'tenant'>,
    call: ChargedCall,
    funding: Funding,
    nowMs: InstantMs,
  ): readonly LegAccount[] {
    try {
      return this.of(principal, call, funding, nowMs).legs;
    } catch (error) {
      if (!isBursarError(error)) throw error;
      const name = funding.source === 'service' ? CREDIT : OWN_KEY_BUDGET;
      const period = periodAt(MONTHLY_UTC, nowMs);
      const budget = budgetId(principal.tenant, { kind: 'user', name: call.user }, name);
      return [{ account: accountId(budget, period), period }];
    }
  }

  /**
   * The budget called `name` of `scope` in the period of `nowMs`, or in the one that is named `period`. A
   * budget of which the policies know nothing (any more) is looked for in calendar months. Throws `id_invalid`
   * for what is no name and `period_invalid` for what is no period of the budget.
   */
  budgetOf(
    tenant: TenantId,
    scope: Scope,
    name: string,
    nowMs: InstantMs,
    period?: string,
  ): BudgetInPeriod {
    this.#assertKind(scope.kind, FIELDS);
    const resolution = this.#book.resolve(
      { tenant, class: 'authenticated', scopes: [scope] },
      nowMs,
    );
    const found = resolution.budgets.find((budget) => budget.name === name);
    const rule = found?.terms.period ?? MONTHLY_UTC;
    const budget = budgetId(tenant, scope, name);
    const within = period === undefined ? periodAt(rule, nowMs) : periodNamed(rule, period);
    return {
      scope,
      budget,
      account: accountId(budget, within),
      period: within,
      rule,
      // Grants and dates are those of the present.
      terms:
        found?.period.id === within.id
          ? accountTermsOf(legOfBudget(found, resolution.version))
          : undefined,
    };
  }

  /** A misspelled kind would be a limit that is not kept. */
  #assertKind(kind: string, alsoAllowed: readonly string[] = []): void {
    if (FIELDS.includes(kind) && !alsoAllowed.includes(kind)) {
      throw new BursarError('input_invalid', {
        field: `scopes.${kind}`,
        message: `scopes.${kind} must be left out: it comes from the field ${kind}`,
      });
    }
    const { scopeKinds } = this.#book.inForce.policies.set;
    if (SCOPE_KINDS.includes(kind) || scopeKinds.includes(kind)) return;
    throw new BursarError('input_invalid', {
      field: `scopes.${kind}`,
      message: `scopes.${kind} is no kind of scope that the policies know: they know ${[...SCOPE_KINDS, ...scopeKinds].join(', ')}; declare others in their scopeKinds`,
    });
  }
}

/** What a call is subject to by `resolution`, which is its caller's; at `nowMs` where the policies say nothing. */
function chargedBy(
  resolution: Resolution<LimiterPolicy>,
  { tenant }: Pick<Principal, 'tenant'>,
  { user }: ChargedCall,
  funding: Funding,
  nowMs: InstantMs,
): Charged {
  const [own, service] = parted(resolution.budgets, isOwnKeyBudget);
  const legs =
    funding.source === 'service'
      ? budgetLegs({ ...resolution, budgets: service })
      : own.length === 0
        ? [untrackedLeg(tenant, user, resolution.version, nowMs)]
        : budgetLegs({ ...resolution, budgets: own });
  const rates = [
    ...resolution.rates.map(
      ({ scope, name, limiter, terms: { counts, limiter: policy } }): CallRate => ({
        limiter: limiterId(tenant, scope, limiter),
        policy,
        scope,
        name,
        counts,
      }),
    ),
    ...legs.flatMap((leg) => sharesOf(leg, user)),
  ];
  if (rates.length > RATES_MAX) throw tooManyRates(rates);
  return { legs: legs.map(legAccountOf), rates };
}

/** The account on which a user's own keys are tracked where the policies say nothing about it: without a limit. */
function untrackedLeg(
  tenant: TenantId,
  user: string,
  policyVersion: number,
  nowMs: InstantMs,
): BudgetLeg {
  const budget = budgetId(tenant, { kind: 'user', name: user }, OWN_KEY_BUDGET);
  const period = periodAt(MONTHLY_UTC, nowMs);
  return {
    account: accountId(budget, period),
    budget,
    period,
    limit: null,
    granted: ZERO,
    policyVersion,
    sinceMs: 0 as InstantMs,
    mode: { kind: 'track' },
    reservedMax: null,
  };
}

function isOwnKeyBudget({ scope, name }: ResolvedBudget): boolean {
  return scope.kind === 'user' && name === OWN_KEY_BUDGET;
}

/** The ceiling on the user's share of a leg, as a rate; none where there is no ceiling. */
function sharesOf({ account, budget, reservedMax }: BudgetLeg, user: string): readonly CallRate[] {
  if (reservedMax === null) return [];
  const { scope, budget: name } = accountParts(account);
  return [
    {
      limiter: shareLimiterId(budget, user),
      policy: { algorithm: 'concurrency', limit: reservedMax },
      scope,
      name,
      counts: 'money',
      shareOf: account,
    },
  ];
}

function legAccountOf(leg: BudgetLeg): LegAccount {
  const { account, period } = leg;
  const terms = accountTermsOf(leg);
  return terms === undefined ? { account, period } : { account, period, terms };
}

/** What accounts are kept on. What is built in says the same as the tier's own default, and need not be told. */
function accountTermsOf(leg: BudgetLeg): AccountTerms | undefined {
  const { limit, granted, mode, policyVersion: version, sinceMs } = leg;
  const isTracked = mode.kind === 'track';
  if (version === 0 && !isTracked) return undefined;
  return { limit, granted, isEnforced: !isTracked, version, sinceMs };
}

function tooManyRates(rates: readonly CallRate[]): BursarError {
  const names = rates.map(({ scope, name }) => `${scope.kind}:${scope.name}/${name}`).join(', ');
  return new BursarError('rates_too_many', {
    field: 'scopes',
    message: `a call can take from at most ${RATES_MAX} rate limits and ceilings, and ${rates.length} apply: ${names.slice(0, 400)}; remove some of the rules, or send fewer scopes`,
  });
}

/** Those that are, and those that are not. */
function parted<T>(all: readonly T[], is: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(is), all.filter((one) => !is(one))];
}
