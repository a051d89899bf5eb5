/** Usage: what a user has spent, now, entry by entry, and as it happens. */
import { createHash } from 'node:crypto';
import type { BudgetView, BursarService, LiveUsage, Principal } from '@bursar/api';
import {
  type Account,
  type Amount,
  type Clock,
  formatUsd,
  LEDGER_PAGE_MAX,
  type LedgerEntry,
  MONTHLY_UTC,
  openAccount,
  type Period,
  periodAt,
  periodNamed,
  type Tier,
} from '@bursar/core';
import type { AccountChanges } from '../live/account-changes.ts';
import type { SubscriptionLimit } from '../live/subscription-limit.ts';
import { budgetViewOf, isoOf } from './budget-view.ts';
import { type CreditLeg, creditIn } from './credit.ts';

type UserAndPeriod = { readonly user: string; readonly period?: string | undefined };
type HistoryMessage = Parameters<BursarService['usageHistory']>[1];
type LiveMessage = Parameters<BursarService['liveUsage']>[1];

/** What reading needs. */
export interface UsageReaderOptions {
  readonly tier: Tier;
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

  /** The budget in a month; a user that was never seen has spent nothing of the limit that applies. */
  async current(principal: Principal, message: UserAndPeriod): Promise<BudgetView> {
    const leg = creditIn(principal.tenant, message.user, this.#periodOf(message));
    return this.#viewOf(leg, await this.#options.tier.account(leg.account));
  }

  /** One page of the ledger, newest first; stable while new entries arrive. */
  async history(
    principal: Principal,
    message: HistoryMessage,
  ): ReturnType<BursarService['usageHistory']> {
    const { account } = creditIn(principal.tenant, message.user, this.#periodOf(message));
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

  /** The present state, then each change; at the end of a month the next month's account takes over. */
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
        const leg = creditIn(principal.tenant, message.user, this.#periodOf({}));
        for await (const account of changes.states(leg.account, leg.period, ended)) {
          const budget = await this.#viewOf(leg, account);
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

  #periodOf(message: { readonly period?: string | undefined }): Period {
    return message.period === undefined
      ? periodAt(MONTHLY_UTC, this.#options.clock.nowMs())
      : periodNamed(MONTHLY_UTC, message.period);
  }

  async #viewOf(leg: CreditLeg, account: Account | undefined): Promise<BudgetView> {
    if (account !== undefined) return budgetViewOf(account);
    const own = await this.#options.tier.limit(leg.budget);
    const limit = own === undefined ? this.#options.defaultLimit : own;
    return budgetViewOf(openAccount(leg.account, leg.period, limit));
  }
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
