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
  type AccountTerms,
  type BudgetId,
  budgetId,
  type BudgetLeg,
  budgetLegs,
  BursarError,
  type Caller,
  type InstantMs,
  type LegAccount,
  legOfBudget,
  MONTHLY_UTC,
  type Period,
  periodAt,
  type PeriodRule,
  periodNamed,
  type Scope,
  SCOPE_KINDS,
  type TenantId,
} from '@bursar/core';
import type { PolicyBook } from '../policies/policy-book.ts';

/** On whose behalf a call is made, and on what. */
export interface ChargedCall {
  readonly user: string;
  readonly model: string;
  readonly scopes?: ScopesInput | undefined;
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

/** Finds accounts. */
export class Charges {
  readonly #book: PolicyBook;

  constructor(book: PolicyBook) {
    this.#book = book;
  }

  /** Resolves when the policies were asked for once. */
  get ready(): Promise<void> {
    return this.#book.ready;
  }

  /** Who is calling. Throws `input_invalid`, naming the scope, for a kind that nobody has declared. */
  callerOf(
    { tenant }: Pick<Principal, 'tenant'>,
    call: { readonly [F in keyof ChargedCall]?: ChargedCall[F] | undefined },
  ): Caller {
    const { user, model, scopes = {} } = call;
    const given = Object.entries(scopes).flatMap(([kind, names]): Scope[] => {
      this.#assertKind(kind);
      return (typeof names === 'string' ? [names] : names).map((name) => ({ kind, name }));
    });
    return {
      tenant,
      class: 'authenticated',
      scopes: [
        ...(user === undefined ? [] : [{ kind: 'user', name: user }]),
        ...(model === undefined ? [] : [{ kind: 'model', name: model }]),
        ...given,
      ],
    };
  }

  /**
   * The accounts that a call at `nowMs` is charged to, with the terms they are kept on. Throws `id_invalid`,
   * `input_invalid`, `budget_missing` or `budgets_too_many`.
   */
  legsOf(
    principal: Pick<Principal, 'tenant'>,
    call: ChargedCall,
    nowMs: InstantMs,
  ): readonly LegAccount[] {
    const resolution = this.#book.resolve(this.callerOf(principal, call), nowMs);
    return budgetLegs(resolution).map((leg) => {
      const { account, period } = leg;
      const terms = accountTermsOf(leg);
      return terms === undefined ? { account, period } : { account, period, terms };
    });
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

/** What accounts are kept on. What is built in says the same as the tier's own default, and need not be told. */
function accountTermsOf(leg: BudgetLeg): AccountTerms | undefined {
  const { limit, granted, mode, policyVersion: version, sinceMs } = leg;
  if (version === 0) return undefined;
  return { limit, granted, isEnforced: mode.kind !== 'track', version, sinceMs };
}
