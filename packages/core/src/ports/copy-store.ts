/**
 * The copy store port: where a holder of leases keeps its copies of accounts, and the journal of what
 * happened to them.
 *
 * Redis is one, a process's memory another; both pass the same suite, and the Redis one is held to the one
 * in memory by differential tests. A copy store decides nothing about leases: it is told. Each change of a
 * copy and the journal event that explains it are one atomic step.
 */
import type { LegState } from '../account/leg.ts';
import type { Json } from '../account/ledger-entry.ts';
import type { RejectionCode } from '../account/outcome.ts';
import type { Amount } from '../amount.ts';
import type { Copy, Elsewhere } from '../copies/copy.ts';
import type { AccountId, Fingerprint, LeaseId, ReservationId } from '../ids.ts';
import type { Correction } from '../reservation/books.ts';
import type { RateAnswer, RateHit } from '../reservation/rates.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { DurationMs, InstantMs } from '../time.ts';

/** How long an ended reservation is remembered at least; afterwards the authority is asked. */
export const TOMBSTONE_MS = 900_000;
/** How long the place of a missing copy is kept for who opens its lease. */
export const PLACE_MS = 2_000;
/** Most events that one read of a journal returns. */
export const JOURNAL_PAGE_MAX = 1_000;

/** A place in a shard's journal: `milliseconds-counter`, rising. */
export type JournalPosition = string;

/** Before the first event of every journal. */
export const JOURNAL_START: JournalPosition = '0-0';

/** Hints where a reservation is, so that it need not be looked up first. */
interface Hinted {
  readonly reservation: ReservationId;
  /** Its accounts, as far as the caller knows. */
  readonly accounts?: readonly AccountId[] | undefined;
}

/** What can be asked of a copy store. */
export type CopyCommand =
  | {
      readonly kind: 'reserve';
      readonly reservation: ReservationId;
      readonly fingerprint: Fingerprint;
      readonly accounts: readonly AccountId[];
      readonly amount: Amount;
      readonly ttlMs: DurationMs;
      readonly terms: Json;
      readonly rates?: readonly RateHit[] | undefined;
    }
  | ({
      readonly kind: 'extend';
      readonly amount: Amount | null;
      readonly ttlMs: DurationMs;
      readonly dispatched: boolean;
    } & Hinted)
  | ({
      readonly kind: 'settle';
      readonly cost: Amount;
      readonly final: boolean;
      readonly charges?: readonly RateHit[] | undefined;
      readonly detail: Json;
    } & Hinted)
  | ({ readonly kind: 'release'; readonly detail: Json } & Hinted)
  | ({ readonly kind: 'expire' } & Hinted)
  | {
      /** End at most `limit` due reservations of one account, earliest first. */
      readonly kind: 'sweep';
      readonly account: AccountId;
      readonly limit: number;
    }
  | {
      /**
       * Keep the place of a missing copy for whoever asks, with a ticket above `above`. A place is kept for
       * `PLACE_MS`; meanwhile only who knows its ticket may take it again.
       */
      readonly kind: 'prepare';
      readonly account: AccountId;
      readonly above: number;
    }
  | {
      /** Begin a copy on `lease`; only if its place is still kept with this ticket. */
      readonly kind: 'install';
      readonly account: AccountId;
      readonly ticket: number;
      readonly lease: LeaseId;
      readonly startAtMs: InstantMs;
      readonly endAtMs: InstantMs;
      readonly drawn: Amount;
      readonly sequence: number;
      readonly elsewhere: Elsewhere;
    }
  | {
      /** The lease has drawn `drawn` in total. */
      readonly kind: 'apply';
      readonly account: AccountId;
      readonly lease: LeaseId;
      readonly drawn: Amount;
      readonly elsewhere: Elsewhere;
    }
  | {
      /** Give up what is not set aside; with `retire`, also the copy, if nothing is open on it. */
      readonly kind: 'recall';
      readonly account: AccountId;
      readonly lease: LeaseId;
      readonly retire: boolean;
    }
  | {
      /** How a reservation really ended, from the authority; for the accounts still on the leases named. */
      readonly kind: 'correct';
      readonly reservation: ReservationId;
      readonly corrections: readonly Correction[];
    }
  | { readonly kind: 'read'; readonly account: AccountId }
  | ({ readonly kind: 'find' } & Hinted);

/** A reservation as a copy store has it. */
export interface CopiedReservation {
  /** Its accounts are those that are still on the lease they were reserved under. */
  readonly reservation: Reservation;
  /** The lease of each of its accounts, in their order. */
  readonly leases: readonly LeaseId[];
  readonly state: LegState;
  readonly amount: Amount;
  readonly spent: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
}

/** Answers to commands about reservations. */
export type CopyAnswer =
  | {
      readonly answer: 'done';
      readonly found: CopiedReservation;
      readonly replayed: boolean;
      readonly overage: Amount;
      readonly late: boolean;
      /** The copies of `found.reservation.accounts`, as they are now. */
      readonly copies: readonly Copy[];
      /** Where the event about it is; `null` when it made none. */
      readonly position: JournalPosition | null;
      /** The store's present. */
      readonly nowMs: InstantMs;
      /** As in `Done`. */
      readonly rates?: readonly RateAnswer[];
    }
  | {
      /** Some leases lack the room, where drawing more may help; or limiters do not admit the call. */
      readonly answer: 'short';
      readonly shortfalls: readonly { readonly account: AccountId; readonly missing: Amount }[];
      readonly copies: readonly Copy[];
      /** As in `Refused`. */
      readonly rates?: readonly RateAnswer[];
    }
  /** There is no copy of these accounts to decide on. */
  | { readonly answer: 'missing'; readonly accounts: readonly AccountId[] }
  /** No such reservation here, or none whose accounts are still on their leases: ask the authority. */
  | { readonly answer: 'unknown' }
  | { readonly answer: 'period_mismatch'; readonly nowMs: InstantMs }
  | { readonly answer: 'rejected'; readonly code: RejectionCode }
  /** `sweep`: how many it ended. */
  | { readonly answer: 'swept'; readonly ended: number }
  /** `prepare`: the place is kept under this ticket. */
  | { readonly answer: 'prepared'; readonly ticket: number }
  /** `prepare`: somebody else is about to install the copy, and has this long to do it. */
  | { readonly answer: 'busy'; readonly forMs: number }
  /** The copy as it is now; `null`: there is none (any more). */
  | { readonly answer: 'copy'; readonly copy: Copy | null }
  /** `find`. */
  | { readonly answer: 'found'; readonly found: CopiedReservation };

/** What a shard's journal says happened to a reservation. Totals, so that order and repetition do no harm. */
export interface JournalEvent {
  readonly position: JournalPosition;
  readonly reservation: ReservationId;
  readonly legs: readonly {
    readonly account: AccountId;
    readonly lease: LeaseId;
    readonly startAtMs: InstantMs;
    readonly endAtMs: InstantMs;
  }[];
  readonly state: LegState;
  readonly amount: Amount;
  readonly spent: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
  readonly atMs: InstantMs;
  readonly detail: Json;
  /** What the reservation was made with; absent when an earlier event has said it. */
  readonly made?:
    | {
        readonly fingerprint: Fingerprint;
        readonly terms: Json;
        readonly createdAtMs: InstantMs;
      }
    | undefined;
}

/** An event that does not read back; its text, bounded. */
export interface MalformedEvent {
  readonly position: JournalPosition;
  readonly malformed: string;
}

/** Which data these are: a dataset changes when the store restarts, fails over or is emptied. */
export interface Dataset {
  /** Names the running store and its history. */
  readonly lineage: string;
  /** The incarnation written in the data; 0 in empty ones. */
  readonly incarnation: number;
  /** The lineage that wrote it. */
  readonly writtenBy: string | null;
}

/** The data are not those this process has shaken hands with. Nothing was changed. */
export class CopiesFenced extends Error {
  override readonly name = 'CopiesFenced';
}

/** Copies and their journals. */
export interface CopyStore {
  readonly name: string;
  /** How many journals there are; shards are numbered from 0. */
  readonly shards: number;

  /**
   * Executes one command, atomically. Commands sent together may travel together, each succeeding or failing
   * alone. Throws `CopiesFenced` (nothing changed), `store_unavailable` (nothing changed) or `store_timeout`
   * (outcome unknown).
   */
  execute(command: CopyCommand): Promise<CopyAnswer>;

  /** Accounts of `shard` that may have due reservations, at most `limit`. */
  due(shard: number, limit: number): Promise<readonly AccountId[]>;

  /** Events after `after`, oldest first, whole writes of at least `limit` events unless there are fewer. */
  journal(
    shard: number,
    after: JournalPosition,
    limit: number,
  ): Promise<readonly (JournalEvent | MalformedEvent)[]>;

  /** Forgets events up to `upTo` that are also older than `olderThanMs`. */
  trim(shard: number, upTo: JournalPosition, olderThanMs: number): Promise<void>;

  /** Which data these are. Works without a handshake. */
  inspect(): Promise<Dataset>;

  /**
   * Works under `incarnation` from now on, and writes it into the data unless they have a higher one, or a
   * lower one than was `found` when they were inspected (they were lost since), which is answered with `false`. Until then, and after each `CopiesFenced`, nothing else is answered.
   */
  adopt(incarnation: number, lineage: string, found?: number): Promise<boolean>;

  close(): Promise<void>;
}

/** Orders two positions: negative when `a` is before `b`. */
export function comparePositions(a: JournalPosition, b: JournalPosition): number {
  const [msA = 0, countA = 0] = a.split('-').map(Number);
  const [msB = 0, countB = 0] = b.split('-').map(Number);
  return msA - msB || countA - countB;
}
