/** Whole decisions: pairs of a reservation and its settlement over several budgets and rate limits at once. */
import {
  accountId,
  type Amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  type Json,
  type LegAccount,
  limiterId,
  type LimiterPolicy,
  periodAt,
  type RateHit,
  type Scope,
  type TenantId,
  type Tier,
} from '@bursar/core';
import { COST, HOLD, idNumber, PERIOD_RULE } from './pairs.ts';

const TENANT = 'bench' as TenantId;
const TTL_MS = 3_600_000 as DurationMs;
const DETAIL: Json = { provider: 'openai', model: 'gpt-5-mini', basis: 'reported' };
const WINDOW_MS = 60_000 as DurationMs;
/** More than any run takes. */
const MANY = 1_000_000_000_000;
const TOKENS_ASKED = 1_000;
const TOKENS_USED = 600;

/** What a call is subject to. */
export interface DecisionShape {
  readonly budgets: 1 | 5;
  readonly rates: 0 | 2;
}

/** Makes pairs of one shape on one tier, and counts what they book. */
export class Decisions {
  readonly #tier: Tier;
  readonly #calls: readonly { readonly legs: readonly LegAccount[]; readonly user: Scope }[];
  readonly #rates: DecisionShape['rates'];
  #begun: number;
  #booked = 0;

  /** Calls of `users` users; the first reservation is the one after `numbersUsed`. */
  constructor(
    tier: Tier,
    { budgets, rates }: DecisionShape,
    over: { readonly users: number; readonly numbersUsed: number; readonly nowMs: number },
  ) {
    this.#tier = tier;
    this.#rates = rates;
    this.#begun = over.numbersUsed;
    const period = periodAt(PERIOD_RULE, over.nowMs as InstantMs);
    this.#calls = Array.from({ length: over.users }, (_, index) => {
      const user = { kind: 'user', name: `${budgets}-${rates}-${index}` };
      const scopes: readonly Scope[] = [
        user,
        { kind: 'org', name: 'acme' },
        { kind: 'team', name: `t${index % 10}` },
        { kind: 'key', name: `k${index}` },
        { kind: 'model', name: `m${index % 3}` },
      ];
      const legs = scopes
        .slice(0, budgets)
        .map((scope) => ({ account: accountId(budgetId(TENANT, scope), period), period }))
        .toSorted((a, b) => (a.account < b.account ? -1 : 1));
      return { legs, user };
    });
  }

  /** How many costs were booked, one for each budget of each pair. */
  get booked(): number {
    return this.#booked;
  }

  /** One pair, of one user after the other. Throws when it is refused. */
  async make(): Promise<void> {
    this.#begun += 1;
    const call = this.#calls[this.#begun % this.#calls.length];
    if (call === undefined) throw new Error('there is no user');
    const { legs, user } = call;
    const reservation = idNumber(this.#begun);
    const isRated = this.#rates > 0;
    const reserved = await this.#tier.execute({
      kind: 'reserve',
      reservation,
      fingerprint: 'bench' as Fingerprint,
      legs,
      amount: HOLD,
      ttlMs: TTL_MS,
      terms: DETAIL,
      ...(isRated && { rates: [requestOf(user), tokensOf(user, TOKENS_ASKED)] }),
    });
    if (reserved.outcome !== 'applied') throw new Error(`a reservation was ${reserved.outcome}`);
    const settled = await this.#tier.execute({
      kind: 'settle',
      reservation,
      cost: COST as Amount,
      final: true,
      detail: DETAIL,
      ...(isRated && { charges: [tokensOf(user, TOKENS_USED)] }),
    });
    if (settled.outcome !== 'applied') throw new Error(`a settlement was ${settled.outcome}`);
    this.#booked += legs.length;
  }

  /** Touches every account once, so that no round waits for a lease. */
  async prime(): Promise<void> {
    await Promise.all(this.#calls.map(() => this.make()));
    await this.bookAll();
  }

  /** Resolves when everything that was answered until now is in the ledger. */
  async bookAll(): Promise<void> {
    const [leg] = this.#calls[0]?.legs ?? [];
    if (leg !== undefined) await this.#tier.entries({ account: leg.account, limit: 1 });
  }
}

function requestOf(user: Scope): RateHit {
  return hit(user, 'requests', { algorithm: 'sliding-window-counter', ...LARGE }, 1);
}

function tokensOf(user: Scope, permits: number): RateHit {
  return hit(user, 'tokens', { algorithm: 'fixed-window', ...LARGE }, permits);
}

const LARGE = { limit: MANY, windowMs: WINDOW_MS };

function hit(user: Scope, name: string, policy: LimiterPolicy, permits: number): RateHit {
  return { limiter: limiterId(TENANT, user, name), policy, permits };
}
