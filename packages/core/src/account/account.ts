/**
 * The account: one budget in one period, as three sums against a limit.
 *
 * Owns the record and what follows from it. Only `transition` changes one.
 * Invariant I1, at every instant: `settled + reserved + leased ≤ limit + granted`, except for overage,
 * which is money a call really cost beyond what it had reserved. See docs/state-machine.md.
 */
import { type Amount, ZERO } from '../amount.ts';
import { type AccountId, DIRECT, type LeaseId } from '../ids.ts';
import type { Period } from '../budget/period.ts';
import type { InstantMs } from '../time.ts';
import { type AccountTerms, limitUnder } from './account-terms.ts';

/** An account. Every amount is integer nano-USD. */
export interface Account {
  readonly id: AccountId;
  /** The right that funds this copy: `DIRECT` in the authority, a lease in every tier above it. */
  readonly lease: LeaseId;
  /** First instant of the period, inclusive. */
  readonly startAtMs: InstantMs;
  /** End of the period, exclusive: when the next account of this budget takes over. */
  readonly endAtMs: InstantMs;
  /** What may be spent in the period; 0 is a limit, `null` is none (and everything is still tracked). */
  readonly limit: Amount | null;
  /** Credit added to the limit for this period only: by the policies, and by grants of people. */
  readonly granted: Amount;
  /** Booked: the contributions of ended reservations, partial settlements and adjustments. */
  readonly settled: Amount;
  /** Set aside for open reservations. */
  readonly reserved: Amount;
  /** Set aside for the leases of tiers above and not booked yet. */
  readonly leased: Amount;
  /** Raised by one by each command that changed the account's sums or limit; 0 when opened. */
  readonly sequence: number;
  /** What the policies say about it; absent until they say something. */
  readonly terms?: AccountTerms | undefined;
}

/** A fresh account that spends directly, under `limit` and with what `terms` grant. */
export function openAccount(
  id: AccountId,
  period: Period,
  limit: Amount | null,
  terms?: AccountTerms,
): Account {
  return {
    id,
    lease: DIRECT,
    startAtMs: period.startAtMs,
    endAtMs: period.endAtMs,
    limit,
    granted: terms?.granted ?? ZERO,
    settled: ZERO,
    reserved: ZERO,
    leased: ZERO,
    sequence: 0,
    terms,
  };
}

/**
 * The limit of an account: the budget's own if it has one, else what the policies say, else the default.
 * `undefined` is not there, `null` is no limit.
 */
export function limitFor(
  own: Amount | null | undefined,
  terms: AccountTerms | undefined,
  fallback: Amount | null,
): Amount | null {
  if (own !== undefined) return own;
  return terms === undefined ? fallback : limitUnder(terms);
}

/** What can still be reserved: negative by the overage, `null` without a limit. */
export function available(account: Account): number | null {
  if (account.limit === null) return null;
  return account.limit + account.granted - committed(account);
}

/** Everything spent or set aside. `transition` keeps it, and `limit + granted`, within `AMOUNT_MAX`. */
export function committed(account: Account): number {
  return account.settled + account.reserved + account.leased;
}

/**
 * What is missing for `wanted` more to fit: 0 when it fits. Nothing is always affordable, so a free call
 * passes even on an account in overage.
 */
export function shortfall(account: Account, wanted: Amount): Amount {
  const room = available(account);
  if (wanted === 0 || room === null || wanted <= room) return ZERO;
  return (wanted - Math.max(room, 0)) as Amount;
}
