/**
 * What `transition` can answer.
 *
 * When several answers apply, the earlier in this list wins; the order is part of the contract and tested:
 *
 * 1. `reservation_not_found`: no such leg, and the command does not make one.
 * 2. `reservation_already_settled`, `…_released`, `…_expired`: the leg ended, and the command cannot touch an ended one.
 * 3. replayed: the command changes nothing because it was applied before, or something later was.
 * 4. `amount_out_of_range`: a sum would pass `AMOUNT_MAX`, or an adjustment would go below zero.
 * 5. `period_mismatch`: the account's period does not contain the present.
 * 6. `denied`: not enough is available.
 * 7. applied.
 */
import type { Amount } from '../amount.ts';
import type { ErrorCode } from '../errors.ts';
import type { Lease } from '../lease/lease.ts';

/** Codes with which a command is turned away without any change. */
export type RejectionCode = Extract<
  ErrorCode,
  | 'account_not_found'
  | 'reservation_not_found'
  | 'reservation_already_settled'
  | 'reservation_already_released'
  | 'reservation_expired'
  | 'lease_superseded'
  | 'idempotency_key_reused'
  | 'amount_out_of_range'
>;

/** The command cannot be applied, now or later. Nothing changed. */
export interface Rejected {
  readonly outcome: 'rejected';
  readonly code: RejectionCode;
}

/** Not enough is available. Nothing changed. */
export interface Denied {
  readonly outcome: 'denied';
  /** How much more the account would need. */
  readonly missing: Amount;
}

/** The account's period does not contain the present; the caller's clock is off. Nothing changed. */
export interface PeriodMismatch {
  readonly outcome: 'period_mismatch';
}

/** Done, or found done already. */
export interface Applied {
  readonly outcome: 'applied';
  /** Whether the command had been applied before, so that nothing changed now. */
  readonly replayed: boolean;
  /** The lease afterwards, of a command about one. */
  readonly lease?: Lease;
  /** What this settlement booked beyond what was still set aside, in nano-USD; 0 for every other command. */
  readonly overage: Amount;
  /** Whether a settlement came after the leg had been released or expired. */
  readonly late: boolean;
  /** Whether another truth was booked before, which stays; only `ingest` answers this. */
  readonly conflict: boolean;
}

/** Every answer of `transition`. */
export type AccountOutcome = Applied | Denied | PeriodMismatch | Rejected;
