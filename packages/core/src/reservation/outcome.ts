/**
 * What a tier can answer. Every answer carries the accounts as they are after the command, so that nobody
 * has to ask again to show a balance.
 */
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { Account } from '../account/account.ts';
import type { LegState } from '../account/leg.ts';
import type { Lease } from '../lease/lease.ts';
import type { Rejected } from '../account/outcome.ts';
import type { Command } from './command.ts';
import type { RateAnswer } from './rates.ts';
import type { Reservation } from './reservation.ts';

/** Done, or found done already. */
export interface Done {
  readonly outcome: 'applied';
  readonly replayed: boolean;
  /** Absent for administration. */
  readonly reservation?: Reservation;
  /** State of the reservation's legs afterwards; absent for administration. */
  readonly state?: LegState;
  /** Set aside in total; what is left of it is 0 once the reservation ended. */
  readonly amount: Amount;
  /** Booked in total. */
  readonly spent: Amount;
  readonly deadlineAtMs: InstantMs | null;
  /** Booked by this command beyond what was set aside. */
  readonly overage: Amount;
  /** The settlement came after the reservation had been released or expired. */
  readonly late: boolean;
  /** Another truth had been booked; it stays. */
  readonly conflict: boolean;
  /** The lease afterwards, of a command about one. */
  readonly lease?: Lease;
  readonly accounts: readonly Account[];
  /** Of a reserve with rates how each stands now, of a settlement that charged each that it charged. */
  readonly rates?: readonly RateAnswer[];
}

/**
 * Nothing was set aside or taken anywhere: some account lacks the room, or a limiter does not admit it. Newer terms that
 * the call brought along hold all the same.
 */
export interface Refused {
  readonly outcome: 'denied';
  /** Every account that lacks room, and how much; empty when only limiters are in the way. */
  readonly shortfalls: readonly { readonly account: AccountId; readonly missing: Amount }[];
  readonly accounts: readonly Account[];
  /** Of a reserve with rates how each stands, whether it admits the call or not. */
  readonly rates?: readonly RateAnswer[];
}

/** The caller computed the period with a clock that is off; `nowMs` is the tier's. Nothing changed. */
export interface WrongPeriod {
  readonly outcome: 'period_mismatch';
  readonly nowMs: InstantMs;
}

/** Every answer to a command. */
export type Outcome = Done | Refused | WrongPeriod | Rejected;

/** The answers that a kind of command can get. */
export type OutcomeOf<C extends Command> = C extends { kind: 'reserve' }
  ? Outcome
  : C extends { kind: 'extend' }
    ? Done | Refused | Rejected
    : Done | Rejected;
