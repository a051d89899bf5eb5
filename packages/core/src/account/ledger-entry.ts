/**
 * Ledger entries: immutable, signed records of applied changes.
 *
 * The sum of an account's `settle`, `expire` and `adjust` entries is its `settled`, the sum of its `grant`
 * entries its `granted`, and each reservation that ended has at least one entry that says how. A correction
 * is a new entry with the difference; no entry is ever changed.
 */
import type { Amount, SignedAmount } from '../amount.ts';
import type { AccountId, LeaseId, ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';

/** What an entry records. `release` entries carry no money; `limit` entries carry the new limit. */
export type LedgerEntryKind = 'settle' | 'release' | 'expire' | 'grant' | 'adjust' | 'limit';

/** JSON that the account machine carries without looking inside. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One applied change of one account. Unique by (account, sequence) and by (account, reservation, kind, key). */
export interface LedgerEntry {
  readonly account: AccountId;
  /** The account's sequence after the change; entries of an account are ordered by it. */
  readonly sequence: number;
  readonly kind: LedgerEntryKind;
  /** The reservation it belongs to; `null` for administration. */
  readonly reservation: ReservationId | null;
  /** Tells the entries of one reservation and kind apart, or is the caller's id of a grant or adjustment. */
  readonly key: string;
  readonly lease: LeaseId;
  /** Change of `settled` (or of `granted`, for grants), signed nano-USD. */
  readonly amount: SignedAmount;
  /** The limit after a `limit` entry; absent on every other kind. */
  readonly limit?: Amount | null;
  readonly atMs: InstantMs;
  /** What the caller said about it: model, usage, price version, reason. Bounded by the caller. */
  readonly detail: Json;
}
