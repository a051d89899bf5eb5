/**
 * What a caller can ask of a tier: commands about whole reservations, and administration of an account.
 */
import type { Amount } from '../amount.ts';
import type { Period } from '../budget/period.ts';
import type { AccountId, Fingerprint, LeaseId, ReservationId } from '../ids.ts';
import type { DurationMs, InstantMs } from '../time.ts';
import type { AccountTerms } from '../account/account-terms.ts';
import type { AdminCommand, LeaseCommand, OpenLeg } from '../account/command.ts';
import type { RateHit } from './rates.ts';
import type { LegState } from '../account/leg.ts';
import type { Json } from '../account/ledger-entry.ts';

/** An account that a command is about, with the period it stands for. */
export interface LegAccount {
  readonly account: AccountId;
  readonly period: Period;
  /** What the policies say about it: the account is opened with them, and put on them if they are newer. */
  readonly terms?: AccountTerms | undefined;
}

/** Set `amount` aside on every account, or on none. */
export interface Reserve {
  readonly kind: 'reserve';
  readonly reservation: ReservationId;
  readonly fingerprint: Fingerprint;
  /** The accounts to charge, distinct, 1 … `LEGS_MAX`, each with the period it stands for. */
  readonly legs: readonly LegAccount[];
  readonly amount: Amount;
  /** How long it may stay tentative: as long as the longest permitted call. */
  readonly ttlMs: DurationMs;
  /** Kept with the reservation; see `Reservation.terms`. */
  readonly terms: Json;
  /** What it takes from limiters, distinct, at most `RATES_MAX`: all of it, or nothing is reserved. */
  readonly rates?: readonly RateHit[] | undefined;
}

/** Heartbeat of a running call: more time, and optionally more set aside. */
export interface Extend {
  readonly kind: 'extend';
  readonly reservation: ReservationId;
  /** What shall be set aside in total, or `null` for no change. */
  readonly amount: Amount | null;
  /** From now. */
  readonly ttlMs: DurationMs;
  /** The call is on its way to the provider: charge it if its caller vanishes. */
  readonly dispatched: boolean;
}

/** How far a settlement has got when it is answered. */
export type AckLevel = 'journal' | 'ledger';

/** Book what the call has cost in total; `final` ends the reservation. */
export interface Settle {
  readonly kind: 'settle';
  readonly reservation: ReservationId;
  readonly cost: Amount;
  readonly final: boolean;
  /**
   * When to answer: once it is journaled (in the tier that decides, and in this process until the ledger has
   * it), or once it is in the ledger. The authority's answers are always the latter. Default `journal`.
   */
  readonly ack?: AckLevel | undefined;
  /**
   * What to book it on when no store knows the reservation any more: money that was spent is always booked.
   * Without it such a settlement is refused.
   */
  readonly adopt?:
    | {
        readonly legs: readonly LegAccount[];
        readonly terms: Json;
      }
    | undefined;
  /**
   * What the call has taken in truth, in total, from each of these limiters: what its reservation took is
   * corrected, up or down. Once, with the final settlement, and above the limit if need be. They should be among
   * the reservation's rates (with 0 permits if nothing was known), or else the call was not checked against them.
   */
  readonly charges?: readonly RateHit[] | undefined;
  readonly detail: Json;
}

/** Give back what is not booked. */
export interface Release {
  readonly kind: 'release';
  readonly reservation: ReservationId;
  readonly detail: Json;
}

/** End the reservation if its deadline has passed. Sweepers send it. */
export interface Expire {
  readonly kind: 'expire';
  readonly reservation: ReservationId;
}

/** How a leg stands in another tier. Order and number of deliveries do not matter. */
export interface Ingest {
  readonly kind: 'ingest';
  readonly reservation: ReservationId;
  readonly fingerprint: Fingerprint;
  readonly leg: { readonly account: AccountId; readonly period: Period };
  readonly state: LegState;
  /** The right that the leg spent under: a lease that this tier gave, or `DIRECT`. */
  readonly lease: LeaseId;
  /** The leg's contribution in total. */
  readonly spent: Amount;
  /** What it sets aside and until when; only of a leg that is still open there. */
  readonly open?: OpenLeg | undefined;
  /** When it happened there; the present if not given. */
  readonly atMs?: InstantMs | undefined;
  /** When the reservation was made, for who hears of it now; when this happened if not given. */
  readonly madeAtMs?: InstantMs | undefined;
  /**
   * Whether the copy that the lease funds shows this state. If it does not (the report comes past it), or if
   * this tier knows better, the answer is a correction for the copy; see `Changes.corrections`.
   */
  readonly isShown?: boolean | undefined;
  readonly terms: Json;
  readonly detail: Json;
}

/** An administrative command and the account it is for; a limit, set or cleared, also holds for all later periods. */
export type Administer = AdminCommand & { readonly leg: LegAccount };

/** A command about a lease of an account. Tiers send it to the tier they stand on. */
export type Lend = LeaseCommand & { readonly leg: LegAccount };

/** Everything a tier executes. */
export type Command = Reserve | Extend | Settle | Release | Expire | Ingest | Administer | Lend;
