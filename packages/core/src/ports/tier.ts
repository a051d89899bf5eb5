/**
 * The tier port: a place where accounts live.
 *
 * Every tier (memory, PostgreSQL, later Redis, an edge node, a client) offers this port with the same
 * semantics and passes the same conformance suite (`@bursar/testkit`). One method changes things; the rest
 * reads. Any command may be repeated: with the same id it is applied once.
 */
import type { Account } from '../account/account.ts';
import type { LegState } from '../account/leg.ts';
import type { LedgerEntry } from '../account/ledger-entry.ts';
import type { Amount } from '../amount.ts';
import type { AccountId, BudgetId, ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { Command } from '../reservation/command.ts';
import type { OutcomeOf } from '../reservation/outcome.ts';
import type { Reservation } from '../reservation/reservation.ts';

/** Most reservations that one sweep ends. */
export const SWEEP_MAX = 1_000;
/** Most due reservations that a `reserve` ends, over all its accounts, before it decides. */
export const LAZY_EXPIRY_MAX = 5;
/** Most entries on one page of the ledger. */
export const LEDGER_PAGE_MAX = 1_000;

/** A place where accounts live. */
export interface Tier extends LedgerSource {
  /** Short name for logs and answers: `memory`, `postgres`. */
  readonly name: string;

  /**
   * Applies one command, atomically and at most once, and answers. A `reserve` first ends up to
   * `LAZY_EXPIRY_MAX` due reservations on its accounts, by deadline and then by id. Throws only `store_unavailable` (not applied) and
   * `store_timeout` (outcome unknown: repeat the same command).
   */
  execute<C extends Command>(command: C): Promise<OutcomeOf<C>>;

  /**
   * Ends at most `limit` (1 … `SWEEP_MAX`) open reservations whose deadline has passed, earliest first, and
   * returns how many it ended. Any number of sweepers may run at once.
   */
  sweep(limit: number): Promise<number>;

  /** The account, or nothing if no command has opened it yet. */
  account(id: AccountId): Promise<Account | undefined>;

  /** The budget's own limit (`null`: none), or `undefined` if the tier's default applies. */
  limit(budget: BudgetId): Promise<Amount | null | undefined>;

  /** The reservation and the state of its legs, or nothing if it was never made. */
  reservation(id: ReservationId): Promise<ReservationSnapshot | undefined>;

  /** The tier's present. */
  nowMs(): Promise<InstantMs>;

  /** Lets running commands finish, then frees what the tier holds. Later commands get `store_unavailable`. */
  close(): Promise<void>;
}

/** A reservation as it stands. */
export interface ReservationSnapshot {
  readonly reservation: Reservation;
  readonly state: LegState;
  readonly amount: Amount;
  readonly spent: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
}

/** A place whose ledger can be read. */
export interface LedgerSource {
  /**
   * Entries of `account`, newest first, at most `limit` (1 … `LEDGER_PAGE_MAX`), only those with a sequence
   * below `before` when given. Stable while new entries arrive.
   */
  entries(query: {
    readonly account: AccountId;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly LedgerEntry[]>;
}
