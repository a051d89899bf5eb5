/**
 * Pairs of a reservation and its settlement on a tier: what every benchmark of ours counts, and what the books
 * must say afterwards.
 */
import {
  type AccountId,
  accountId,
  type Amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  type Json,
  type Period,
  periodAt,
  type PeriodRule,
  type RateHit,
  type ReservationId,
  reservationId,
  type TenantId,
  type Tier,
} from '@bursar/core';

/** Set aside for a call, in nano-USD. */
export const HOLD = 5_000_000 as Amount;
/** What it then costs. */
export const COST = 3_000_000 as Amount;
/** More than any run spends, and yet a limit, which is checked and leased. */
export const LIMIT = 1_000_000_000_000_000 as Amount;

const TENANT = 'bench' as TenantId;
/** One that does not end while something is measured. */
export const PERIOD_RULE: PeriodRule = { every: 'lifetime' };
const TTL_MS = 3_600_000 as DurationMs;
/** About what the service keeps with a call. */
const TERMS: Json = {
  user: 'user-0',
  provider: 'openai',
  model: 'gpt-5-mini',
  price: { input: 250, output: 2_000 },
  priceVersion: 'bench',
};
const DETAIL: Json = { provider: 'openai', model: 'gpt-5-mini', basis: 'reported' };

/** The account of one user. */
export interface UserLeg {
  readonly account: AccountId;
  readonly period: Period;
}

/** The accounts of `count` users, named `name` with a number, in the period of `nowMs`. */
export function legsOfUsers(count: number, nowMs: number, name = 'user'): readonly UserLeg[] {
  const period = periodAt(PERIOD_RULE, nowMs as InstantMs);
  return Array.from({ length: count }, (_, index) => ({
    account: accountId(budgetId(TENANT, { kind: 'user', name: `${name}-${index}` }), period),
    period,
  }));
}

/** The id of the reservation with this number. */
export function idNumber(number: number): ReservationId {
  const digits = number.toString(16).padStart(12, '0');
  return reservationId(TENANT, `019a0000-0000-7000-8000-${digits}`);
}

/** Makes pairs on one tier, and counts them. */
export class Pairs {
  readonly #tier: Tier;
  readonly #numbersUsed: number;
  readonly #ratesOf: (leg: UserLeg) => readonly RateHit[];
  readonly #open: ReservationId[] = [];
  #begun = 0;
  #settled = 0;

  /** The first reservation is the one after `numbersUsed`. `ratesOf` says what else a pair takes from. */
  constructor(
    tier: Tier,
    numbersUsed = 0,
    ratesOf: (leg: UserLeg) => readonly RateHit[] = () => [],
  ) {
    this.#tier = tier;
    this.#numbersUsed = numbersUsed;
    this.#ratesOf = ratesOf;
  }

  /** How many were begun. */
  get begun(): number {
    return this.#begun;
  }

  /** How many were settled. */
  get settled(): number {
    return this.#settled;
  }

  /** One pair on one of `legs`, round and round. Throws when it is refused. */
  async make(legs: readonly UserLeg[]): Promise<void> {
    const number = this.#next();
    const reservation = await this.#reserve(number, legs);
    const outcome = await this.#tier.execute({
      kind: 'settle',
      reservation,
      cost: COST,
      final: true,
      detail: DETAIL,
    });
    if (outcome.outcome !== 'applied') throw new Error(`a settlement was ${outcome.outcome}`);
    this.#settled += 1;
  }

  /** Resolves when everything that was answered until now is in the ledger. */
  async bookAll([leg]: readonly UserLeg[]): Promise<void> {
    // Whoever reads the ledger gets it with all that the journal has.
    if (leg !== undefined) await this.#tier.entries({ account: leg.account, limit: 1 });
  }

  /** One reservation that stays open. */
  async open(legs: readonly UserLeg[]): Promise<void> {
    this.#open.push(await this.#reserve(this.#next(), legs));
  }

  /** Releases one that `open` has opened; whether there was one. */
  async releaseOne(): Promise<boolean> {
    const reservation = this.#open.pop();
    if (reservation === undefined) return false;
    const outcome = await this.#tier.execute({ kind: 'release', reservation, detail: null });
    if (outcome.outcome !== 'applied') throw new Error(`a release was ${outcome.outcome}`);
    return true;
  }

  #next(): number {
    this.#begun += 1;
    return this.#numbersUsed + this.#begun;
  }

  async #reserve(number: number, legs: readonly UserLeg[]): Promise<ReservationId> {
    const leg = legs[number % legs.length];
    if (leg === undefined) throw new Error('there is no user');
    const reservation = idNumber(number);
    const rates = this.#ratesOf(leg);
    const outcome = await this.#tier.execute({
      kind: 'reserve',
      reservation,
      fingerprint: 'bench' as Fingerprint,
      legs: [leg],
      amount: HOLD,
      ttlMs: TTL_MS,
      terms: TERMS,
      ...(rates.length > 0 && { rates }),
    });
    if (outcome.outcome !== 'applied') throw new Error(`a reservation was ${outcome.outcome}`);
    return reservation;
  }
}
