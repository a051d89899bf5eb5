/** Usage: what has been spent of a budget, now, entry by entry, and as it happens. */
import { createHash } from 'node:crypto';
import type { BudgetSubject, BudgetView, BursarService, LiveUsage, Principal } from '@bursar/api';
import {
  type Account,
  type AccountTerms,
  type Amount,
  type Clock,
  formatUsd,
  isNewerTerms,
  LEDGER_PAGE_MAX,
  type LedgerEntry,
  limitFor,
  openAccount,
  type Tier,
} from '@bursar/core';
import type { AccountChanges } from '../live/account-changes.ts';
import type { SubscriptionLimit } from '../live/subscription-limit.ts';
import { budgetViewOf, isoOf } from './budget-view.ts';
import type { BudgetInPeriod, Charges } from './charges.ts';
import { subjectOf } from './subject.ts';

type SubjectAndPeriod = BudgetSubject & { readonly period?: string | undefined };
type HistoryMessage = Parameters<BursarService['usageHistory']>[1];
type LiveMessage = Parameters<BursarService['liveUsage']>[1];

/** What reading needs. */
export interface UsageReaderOptions {
  readonly tier: Tier;
  readonly charges: Charges;
  readonly clock: Clock;
  readonly defaultLimit: Amount | null;
  readonly changes: AccountChanges;
  readonly subscriptions: SubscriptionLimit;
  /** Aborts when the service closes; ends every live stream. */
  readonly closing: AbortSignal;
}

/** Reads budgets and their ledgers. */
export class UsageReader {
  readonly #options: UsageReaderOptions;

  constructor(options: UsageReaderOptions) {
    this.#options = options;
  }

  /** The budget in a period; one that was never touched has spent nothing of the limit that applies. */
  async current(principal: Principal, message: SubjectAndPeriod): Promise<BudgetView> {
    const budget = await this.#budgetOf(principal, message);
    return this.#viewOf(budget, await this.#options.tier.account(budget.account));
  }

  /** One page of the ledger, newest first; stable while new entries arrive. */
  async history(
    principal: Principal,
    message: HistoryMessage,
  ): ReturnType<BursarService['usageHistory']> {
    const { account } = await this.#budgetOf(principal, message);
    const found = await this.#options.tier.entries({
      account,
      before: message.cursor,
      // One more than asked for, to know whether there is another page.
      limit: Math.min(message.limit + 1, LEDGER_PAGE_MAX),
    });
    const page = found.slice(0, message.limit);
    const nextCursor = found.length > page.length ? (page.at(-1)?.sequence ?? null) : null;
    return { entries: page.map(historyEntryOf), nextCursor };
  }

  /** The present state, then each change; at the end of a period the next one's account takes over. */
  async *live(
    principal: Principal,
    message: LiveMessage,
    signal: AbortSignal,
  ): AsyncGenerator<LiveUsage, void> {
    const { changes, subscriptions, closing } = this.#options;
    const ended = AbortSignal.any([signal, closing]);
    const leave = subscriptions.take(principal.tokenId);
    try {
      let lastId = message.lastEventId;
      while (!ended.aborted) {
        const live = await this.#budgetOf(principal, message);
        for await (const account of changes.states(live.account, live.period, ended)) {
          const budget = await this.#viewOf(live, account);
          const id = idOf(budget, account);
          if (id === lastId) continue;
          lastId = id;
          yield { id, budget };
        }
      }
    } finally {
      leave();
    }
  }

  async #budgetOf(principal: Principal, message: SubjectAndPeriod): Promise<BudgetInPeriod> {
    const { charges, clock } = this.#options;
    await charges.ready;
    const { scope, name } = subjectOf(message);
    return charges.budgetOf(principal.tenant, scope, name, clock.nowMs(), message.period);
  }

  async #viewOf(
    { account: id, budget, period, terms }: BudgetInPeriod,
    account: Account | undefined,
  ): Promise<BudgetView> {
    const { tier, defaultLimit } = this.#options;
    const own = account === undefined || terms !== undefined ? await tier.limit(budget) : undefined;
    if (account === undefined) {
      return budgetViewOf(openAccount(id, period, limitFor(own, terms, defaultLimit), terms));
    }
    return budgetViewOf(terms === undefined ? account : onTerms(account, terms, own));
  }
}

/** The account as its next call will find it: terms that nobody has brought along yet count already. */
function onTerms(account: Account, terms: AccountTerms, own: Amount | null | undefined): Account {
  if (!isNewerTerms(terms, account.terms)) return account;
  const granted = account.granted - (account.terms?.granted ?? 0) + terms.granted;
  return { ...account, limit: limitFor(own, terms, null), granted: granted as Amount, terms };
}

function historyEntryOf(entry: LedgerEntry): {
  readonly sequence: number;
  readonly kind: LedgerEntry['kind'];
  readonly reservation: string | null;
  readonly amountUsd: string;
  readonly at: string;
  readonly detail: LedgerEntry['detail'];
} {
  return {
    sequence: entry.sequence,
    kind: entry.kind,
    // Without the tenant, which the caller never spelt.
    reservation: entry.reservation?.slice(entry.reservation.lastIndexOf('/') + 1) ?? null,
    amountUsd: formatUsd(entry.amount),
    at: isoOf(entry.atMs),
    detail: entry.detail,
  };
}

/**
 * Names a state, in at most 40 characters: the account's sequence for people, and a digest of all that is
 * shown, so that after a reconnect exactly what the client has not seen is sent.
 */
function idOf(budget: BudgetView, account: Account | undefined): string {
  const digest = createHash('sha256').update(JSON.stringify(budget)).digest('base64url');
  return `${account?.sequence ?? 0}.${digest.slice(0, 22)}`;
}
