/**
 * A copy: an account as the holder of a lease keeps it, with the lease as its limit.
 *
 * The rules of `transition` apply to a copy as to any account: what it may spend is what it has drawn and not
 * returned. What the account is besides this lease is carried along for display, as it was when last heard.
 */
import type { Account } from '../account/account.ts';
import type { AccountTerms } from '../account/account-terms.ts';
import { type Amount, difference, type SignedAmount, subtractToZero, ZERO } from '../amount.ts';
import type { AccountId, LeaseId } from '../ids.ts';
import type { InstantMs } from '../time.ts';

/**
 * The account without this lease, as the authority last told. For answers, and to tell when the account is over its
 * limit: it lets nothing through that the lease does not cover.
 */
export interface Elsewhere {
  readonly limit: Amount | null;
  readonly granted: Amount;
  /** Negative when more was corrected downwards than was booked besides the lease. */
  readonly settled: SignedAmount;
  readonly reserved: Amount;
  readonly leased: Amount;
  /** What the policies say about the account, as far as the authority had heard. */
  readonly terms?: AccountTerms | undefined;
}

/** An account in its holder's hands. Amounts are integer nano-USD, totals since the lease was opened. */
export interface Copy {
  readonly account: AccountId;
  readonly lease: LeaseId;
  readonly startAtMs: InstantMs;
  readonly endAtMs: InstantMs;
  /** Received, as far as the copy has heard. */
  readonly drawn: Amount;
  /** Given back; lowered here before the authority hears of it. */
  readonly returned: Amount;
  readonly settled: Amount;
  readonly reserved: Amount;
  /** Raised by one by each change; goes on from the authority's. */
  readonly sequence: number;
  readonly elsewhere: Elsewhere;
}

/**
 * The copy as an account whose limit is the lease: what `transition` decides on. No more than the whole account's
 * limit leaves for it: when that was lowered while calls ran, what they give back is nobody's to spend.
 */
export function accountOfCopy(copy: Copy): Account {
  const drawn = subtractToZero(copy.drawn, copy.returned);
  return {
    id: copy.account,
    lease: copy.lease,
    startAtMs: copy.startAtMs,
    endAtMs: copy.endAtMs,
    limit: Math.min(drawn, leftForLease(copy.elsewhere)) as Amount,
    granted: ZERO,
    settled: copy.settled,
    reserved: copy.reserved,
    leased: ZERO,
    sequence: copy.sequence,
  };
}

/** What the whole account's limit leaves for the lease, spent or not; `Infinity` without a limit. */
export function leftForLease({ limit, granted, settled, reserved, leased }: Elsewhere): number {
  return limit === null ? Infinity : Math.max(0, limit + granted - settled - reserved - leased);
}

/** What the copy has left of its lease: negative by what calls cost beyond it. */
export function balanceOf(copy: Copy): number {
  return copy.drawn - copy.returned - copy.settled - copy.reserved;
}

/** What the copy can still set aside without drawing more. */
export function roomIn(copy: Copy): Amount {
  return Math.max(0, balanceOf(copy)) as Amount;
}

/** The account without `copy`'s lease: what `elsewhere` says from now on. `booked` is the lease's in the ledger. */
export function elsewhereOf(account: Account, outstanding: Amount, booked: Amount): Elsewhere {
  return {
    limit: account.limit,
    granted: account.granted,
    settled: difference(account.settled, booked),
    reserved: account.reserved,
    leased: subtractToZero(account.leased, outstanding),
    ...(account.terms === undefined ? {} : { terms: account.terms }),
  };
}

/** The whole account, as far as the copy knows: what a caller is shown. */
export function wholeAccount(copy: Copy, lease: LeaseId): Account {
  const { elsewhere } = copy;
  return {
    id: copy.account,
    lease,
    startAtMs: copy.startAtMs,
    endAtMs: copy.endAtMs,
    limit: elsewhere.limit,
    granted: elsewhere.granted,
    settled: (elsewhere.settled + copy.settled) as Amount,
    reserved: (elsewhere.reserved + copy.reserved) as Amount,
    leased: elsewhere.leased,
    sequence: copy.sequence,
    ...(elsewhere.terms === undefined ? {} : { terms: elsewhere.terms }),
  };
}
