/**
 * A lease: a slice of an account that a tier above may spend on its own.
 *
 * For the authority it is a reservation with a long life; for its holder it is the limit of the holder's
 * copy of the account. Decides what a lease weighs, and changes one by pure functions. All totals are
 * cumulative, so that a repeated, delayed or overtaken message grants nothing twice (docs/decisions/0012).
 * Invariant: an account's `leased` is the sum of `outstanding` over its leases. Escrow transactional method
 * (O'Neil, 1986).
 */
import { type Amount, difference, larger, subtractToZero, ZERO } from '../amount.ts';
import type { AccountId, HolderId, LeaseId } from '../ids.ts';
import type { InstantMs } from '../time.ts';

/** How long after a lease left its holder's hands whoever sweeps still leaves its calls alone: 60 s. */
export const SUSPECT_GRACE_MS = 60_000;

/** The holder of a lease that a report named before anybody knew it. */
export const UNKNOWN_HOLDER: HolderId = '' as HolderId;

/**
 * `live`: its holder may spend. `suspect`: its holder lost or replaced its copy, so it is counted in full
 * until nobody can still carry its money. `closed`: counts only as what was booked under it.
 */
export type LeaseState = 'live' | 'suspect' | 'closed';

/** A lease as the authority knows it. Amounts are totals since it was opened. */
export interface Lease {
  readonly id: LeaseId;
  readonly account: AccountId;
  /** Whose copy it funds: a Redis, or a process. */
  readonly holder: HolderId;
  /** Orders the leases that one holder opens on one account; a late request with a lower one is refused. */
  readonly ticket: number;
  /** Received. */
  readonly drawn: Amount;
  /** Given back unspent. */
  readonly returned: Amount;
  /** Booked in the authority's ledger under this lease. */
  readonly settled: Amount;
  readonly state: LeaseState;
  /** When it became suspect; `null` while live. */
  readonly suspectSinceMs: InstantMs | null;
}

/** A fresh lease, with nothing drawn yet. */
export function newLease(
  fields: Pick<Lease, 'id' | 'account' | 'holder'> & { readonly ticket?: number },
): Lease {
  return {
    ticket: 0,
    drawn: ZERO,
    returned: ZERO,
    settled: ZERO,
    state: 'live',
    suspectSinceMs: null,
    ...fields,
  };
}

/** What the lease counts for against the account's limit. */
export function weight(lease: Lease): Amount {
  if (lease.state === 'closed') return lease.settled;
  return larger(subtractToZero(lease.drawn, lease.returned), lease.settled);
}

/** What of its weight is not booked yet: its part of the account's `leased`. */
export function outstanding(lease: Lease): Amount {
  return (weight(lease) - lease.settled) as Amount;
}

/** `lease` with `change` more (or less) booked under it. */
export function settledBy(lease: Lease, change: number): Lease {
  return { ...lease, settled: (lease.settled + change) as Amount };
}

/** By how much `outstanding` changes from one state of a lease to the next. */
export function outstandingChange(before: Lease, next: Lease): number {
  return difference(outstanding(next), outstanding(before));
}
