/** Limits: what may be spent of a budget in a period, and setting it past the policies. */
import type { BudgetSubject, BursarService, LimitOutput, Principal } from '@bursar/api';
import {
  after,
  type Account,
  accountParts,
  type Amount,
  type Clock,
  duration,
  formatUsd,
  limitUnder,
  parseUsd,
  PERIOD_TOLERANCE_MS,
  type Tier,
} from '@bursar/core';
import type { BudgetInPeriod, Charges } from './charges.ts';
import { rejectionError } from './rejection.ts';
import { subjectOf } from './subject.ts';

/** What administration needs. */
export interface LimitAdminOptions {
  readonly tier: Tier;
  readonly charges: Charges;
  readonly clock: Clock;
  readonly defaultLimit: Amount | null;
  /** Told of the accounts as each command has left them. */
  readonly onChange: (accounts: readonly Account[]) => void;
}

/** Reads and sets limits. */
export class LimitAdmin {
  readonly #options: LimitAdminOptions;

  constructor(options: LimitAdminOptions) {
    this.#options = options;
  }

  /** The limit that applies, and where it comes from. */
  async get(principal: Principal, message: BudgetSubject): Promise<LimitOutput> {
    const { charges, clock, tier } = this.#options;
    await charges.ready;
    const { scope, name } = subjectOf(message);
    const budget = charges.budgetOf(principal.tenant, scope, name, clock.nowMs());
    const own = await tier.limit(budget.budget);
    return own === undefined
      ? this.#withoutOwn(message, budget)
      : limitOutput(message, budget, own, 'own');
  }

  /** Sets the budget's own limit, for the present period and all later ones. What is spent stays spent. */
  async set(
    principal: Principal,
    message: Parameters<BursarService['setLimit']>[1],
  ): Promise<LimitOutput> {
    const limit = message.limitUsd === null ? null : parseUsd(message.limitUsd, 'limitUsd');
    const detail = { by: principal.tokenId, limitUsd: limit === null ? null : formatUsd(limit) };
    const budget = await this.#administer(principal, message, { kind: 'setLimit', limit, detail });
    return limitOutput(message, budget, limit, 'own');
  }

  /** Ends the budget's own limit: from the next call on the policies' counts again. */
  async clear(principal: Principal, message: BudgetSubject): Promise<LimitOutput> {
    const detail = { by: principal.tokenId, cleared: true };
    const budget = await this.#administer(principal, message, { kind: 'clearLimit', detail });
    return this.#withoutOwn(message, budget);
  }

  async #administer(
    principal: Principal,
    message: BudgetSubject,
    command:
      | { readonly kind: 'setLimit'; readonly limit: Amount | null; readonly detail: Detail }
      | { readonly kind: 'clearLimit'; readonly detail: Detail },
  ): Promise<BudgetInPeriod> {
    const { tier, onChange } = this.#options;
    const [present, ...next] = await this.#budgetsNow(principal, message);
    for (const budget of [present, ...next]) {
      const leg = legOf(budget);
      const outcome = await tier.execute({ ...command, leg });
      if (outcome.outcome === 'rejected') throw rejectionError(outcome.code, 'limitUsd');
      onChange(outcome.accounts);
    }
    return present;
  }

  /**
   * The present account, by the tier's clock: administration is not checked against it like a reservation
   * is. Just before a period ends also the next one, which a server whose clock is ahead may have opened
   * with the old limit.
   */
  async #budgetsNow(
    principal: Principal,
    message: BudgetSubject,
  ): Promise<[BudgetInPeriod, ...BudgetInPeriod[]]> {
    const { tier, charges } = this.#options;
    await charges.ready;
    const { scope, name } = subjectOf(message);
    const nowMs = await tier.nowMs();
    const present = charges.budgetOf(principal.tenant, scope, name, nowMs);
    const soonMs = after(nowMs, duration(2 * PERIOD_TOLERANCE_MS));
    const next = charges.budgetOf(principal.tenant, scope, name, soonMs);
    return next.account === present.account ? [present] : [present, next];
  }

  #withoutOwn(message: BudgetSubject, budget: BudgetInPeriod): LimitOutput {
    const { terms } = budget;
    return terms === undefined
      ? limitOutput(message, budget, this.#options.defaultLimit, 'default')
      : limitOutput(message, budget, limitUnder(terms), 'policies');
  }
}

type Detail = Readonly<Record<string, string | boolean | null>>;

/** The leg of a command about `budget`. */
export function legOf({ account, period, terms }: BudgetInPeriod) {
  return terms === undefined ? { account, period } : { account, period, terms };
}

function limitOutput(
  { user }: BudgetSubject,
  { scope, account, rule }: BudgetInPeriod,
  limit: Amount | null,
  source: LimitOutput['source'],
): LimitOutput {
  return {
    ...(user === undefined ? {} : { user }),
    scope,
    budget: accountParts(account).budget,
    limitUsd: limit === null ? null : formatUsd(limit),
    source,
    period: rule,
  };
}
