/**
 * What a caller can ask of a tier: commands about whole reservations, and administration of an account.
 */
import type { Amount } from '../amount.ts';
import type { Period } from '../budget/period.ts';
import type { AccountId, Fingerprint, LeaseId, ReservationId } from '../ids.ts';
import type { DurationMs } from '../time.ts';
import type { AdminCommand } from '../account/command.ts';
import type { LegState } from '../account/leg.ts';
import type { Json } from '../account/ledger-entry.ts';

/** Set `amount` aside on every account, or on none. */
export interface Reserve {
  readonly kind: 'reserve';
  readonly reservation: ReservationId;
  readonly fingerprint: Fingerprint;
  /** The accounts to charge, distinct, 1 … `LEGS_MAX`, each with the period it stands for. */
  readonly legs: readonly { readonly account: AccountId; readonly period: Period }[];
  readonly amount: Amount;
  /** How long it may stay tentative: as long as the longest permitted call. */
  readonly ttlMs: DurationMs;
  /** Kept with the reservation; see `Reservation.terms`. */
  readonly terms: Json;
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

/** Book what the call has cost in total; `final` ends the reservation. */
export interface Settle {
  readonly kind: 'settle';
  readonly reservation: ReservationId;
  readonly cost: Amount;
  readonly final: boolean;
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

/** How a leg ended in another tier. Order and number of deliveries do not matter. */
export interface Ingest {
  readonly kind: 'ingest';
  readonly reservation: ReservationId;
  readonly fingerprint: Fingerprint;
  readonly leg: { readonly account: AccountId; readonly period: Period };
  readonly state: Exclude<LegState, 'reserved'>;
  /** The right that the leg spent under: a lease that this tier gave, or `DIRECT`. */
  readonly lease: LeaseId;
  /** The leg's contribution in total. */
  readonly spent: Amount;
  readonly terms: Json;
  readonly detail: Json;
}

/** An administrative command and the account it is for; `setLimit` also decides for all later periods. */
export type Administer = AdminCommand & {
  readonly leg: { readonly account: AccountId; readonly period: Period };
};

/** Everything a tier executes. */
export type Command = Reserve | Extend | Settle | Release | Expire | Ingest | Administer;
