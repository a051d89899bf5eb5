/** Limits: what a user may spend in a month, and changing it. */
import type { BursarService, LimitOutput, Principal } from '@bursar/api';
import {
  after,
  type Account,
  type Amount,
  type Clock,
  duration,
  formatUsd,
  MONTHLY_UTC,
  parseUsd,
  PERIOD_TOLERANCE_MS,
  type Tier,
} from '@bursar/core';
import { creditAt } from './credit.ts';
import { rejectionError } from './rejection.ts';

/** What administration needs. */
export interface LimitAdminOptions {
  readonly tier: Tier;
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

  /** The limit that applies, and whether it is the user's own. */
  async get(
    principal: Principal,
    message: Parameters<BursarService['getLimit']>[1],
  ): Promise<LimitOutput> {
    const { budget } = creditAt(principal.tenant, message.user, this.#options.clock.nowMs());
    const own = await this.#options.tier.limit(budget);
    const limit = own === undefined ? this.#options.defaultLimit : own;
    return limitOutput(message.user, limit, own === undefined ? 'default' : 'own');
  }

  /** Sets the user's own limit, for the present month and all later ones. What is spent stays spent. */
  async set(
    principal: Principal,
    message: Parameters<BursarService['setLimit']>[1],
  ): Promise<LimitOutput> {
    const limit = message.limitUsd === null ? null : parseUsd(message.limitUsd, 'limitUsd');
    const detail = { by: principal.tokenId, limitUsd: limit === null ? null : formatUsd(limit) };
    for (const leg of await this.#legsNow(principal, message.user)) {
      const outcome = await this.#options.tier.execute({ kind: 'setLimit', leg, limit, detail });
      if (outcome.outcome === 'rejected') throw rejectionError(outcome.code, 'limitUsd');
      this.#options.onChange(outcome.accounts);
    }
    return limitOutput(message.user, limit, 'own');
  }

  /**
   * The present account, by the tier's clock: administration is not checked against it like a reservation
   * is. Just before a month ends also the next one, which a server whose clock is ahead may have opened
   * with the old limit.
   */
  async #legsNow(principal: Principal, user: string): Promise<ReturnType<typeof creditAt>[]> {
    const nowMs = await this.#options.tier.nowMs();
    const legs = [nowMs, after(nowMs, duration(2 * PERIOD_TOLERANCE_MS))].map((atMs) =>
      creditAt(principal.tenant, user, atMs),
    );
    return legs.filter(({ account }, index) => account !== legs[index - 1]?.account);
  }
}

function limitOutput(
  user: string,
  limit: Amount | null,
  source: LimitOutput['source'],
): LimitOutput {
  return {
    user,
    limitUsd: limit === null ? null : formatUsd(limit),
    source,
    period: MONTHLY_UTC,
  };
}
