/**
 * The authority port: what the tier at the bottom offers to the holders of its leases, beyond being a tier.
 *
 * PostgreSQL is the real one; the simulation has one in memory. What is here is not on the way of a call.
 */
import type { LegState } from '../account/leg.ts';
import type { AccountId, HolderId, LeaseId, ReservationId } from '../ids.ts';
import type { Lease } from '../lease/lease.ts';
import type { Command, LegAccount } from '../reservation/command.ts';
import type { Correction } from '../reservation/books.ts';
import type { Outcome } from '../reservation/outcome.ts';
import type { DurationMs, InstantMs } from '../time.ts';
import type { JournalPosition } from './copy-store.ts';
import type { Tier } from './tier.ts';

/** Most commands that `executeAll` takes: one transaction. */
export const EXECUTE_ALL_MAX = 2_000;

/** A journal that a worker may bring home. */
export interface JournalClaim {
  /** Everything up to here is in the ledger. */
  readonly position: JournalPosition;
}

/** A process that decides on copies. */
export interface Worker {
  readonly id: string;
  readonly holder: HolderId;
  /** The incarnation that it works under; 0 while it uses no copies. */
  readonly incarnation: number;
  /** How long ago its oldest call began, or its oldest event that may not be in the ledger yet; 0 if none. */
  readonly oldestMs: DurationMs;
}

/** A part of a reservation that is over. */
export interface EndedLeg {
  readonly reservation: ReservationId;
  readonly account: AccountId;
  /** Under which it is booked, which need not be the one that every copy has it on. */
  readonly lease: LeaseId;
  readonly state: Exclude<LegState, 'reserved'>;
}

/** A lease on which a call has been open for longer than its copy would have left it. */
export interface OverdueLease {
  readonly leg: LegAccount;
  readonly lease: LeaseId;
}

/** An event that could not be taken in, or that contradicts what is booked. */
export interface SetAside {
  readonly id: string;
  readonly holder: HolderId;
  readonly reason: 'malformed' | 'refused' | 'conflict';
  readonly message: string;
  readonly event: string;
  readonly atMs: InstantMs;
}

/** An account of which somebody would like to have what its holder has unspent. */
export interface AskedBack {
  readonly account: AccountId;
  readonly atMs: InstantMs;
}

/** A tier that gives leases. */
export interface Authority extends Tier {
  /** Executes up to `EXECUTE_ALL_MAX` commands in one transaction. Throws when the database refuses one. */
  executeAll(commands: readonly Command[]): Promise<readonly Outcome[]>;

  /** The lease, or nothing. */
  lease(account: AccountId, id: Lease['id']): Promise<Lease | undefined>;

  /** The legs of `reservations`, at most `EXECUTE_ALL_MAX`, that have ended in the ledger. */
  ended(reservations: readonly ReservationId[]): Promise<readonly EndedLeg[]>;

  /**
   * Live leases of `holder` with a call whose deadline passed more than `overMs` ago, at most `limit`, each once. Its copy ends
   * a call at its deadline, so there may be no copy any more.
   */
  overdue(options: {
    readonly holder: HolderId;
    readonly overMs: DurationMs;
    readonly limit: number;
  }): Promise<readonly OverdueLease[]>;

  /**
   * Registers what dataset `holder` now has, by compare-and-set: a lineage that is registered keeps its
   * incarnation if the data say the same, everything else gets the next one and makes the holder's older
   * leases suspect. Returns the incarnation to work under.
   */
  begin(dataset: {
    readonly holder: HolderId;
    readonly lineage: string;
    /** As written in the data; 0 in empty ones. */
    readonly incarnation: number;
  }): Promise<number>;

  /**
   * Lets `worker` bring home a shard's journal for `ttlMs`; nothing while another one does. The claim is
   * renewed by claiming again.
   */
  claimJournal(journal: {
    readonly holder: HolderId;
    readonly incarnation: number;
    readonly shard: number;
    readonly worker: string;
    readonly ttlMs: DurationMs;
  }): Promise<JournalClaim | undefined>;

  /** Takes in what a journal says, and that it is read up to `position`, in one transaction. */
  ingest(batch: {
    readonly holder: HolderId;
    readonly incarnation: number;
    readonly shard: number;
    readonly worker: string;
    /** What the worker took up the journal at. An authority that has lost that refuses: it must be read again. */
    readonly after: JournalPosition;
    readonly position: JournalPosition;
    readonly commands: readonly Command[];
  }): Promise<readonly Outcome[]>;

  /** How far each journal of `holder` under `incarnation` is in the ledger, by shard. */
  positions(holder: HolderId, incarnation: number): Promise<ReadonlyMap<number, JournalPosition>>;

  /** What copies of `holder` have to be told, oldest first, at most `limit`. */
  corrections(holder: HolderId, limit: number): Promise<readonly Correction[]>;

  /** The copies have been told; what changed since is told again. */
  corrected(corrections: readonly Correction[]): Promise<void>;

  /** Says that `worker` lives and how far back its memory of unfinished things goes. */
  attest(worker: Worker): Promise<void>;

  /** The worker ends, with nothing unfinished. */
  leave(worker: string): Promise<void>;

  /**
   * Closes suspect leases that nobody can still spend: suspect for `quarantineMs`, every worker has attested
   * that it carries nothing older or is silent for `deadAfterMs`, and no call is open on them. Returns how many.
   */
  closeSuspects(options: {
    readonly quarantineMs: DurationMs;
    readonly deadAfterMs: DurationMs;
    readonly limit: number;
  }): Promise<number>;

  /**
   * Makes the leases of processes suspect that have been silent for `deadAfterMs`: their copies died with
   * them. Returns how many.
   */
  suspectSilent(options: { readonly deadAfterMs: DurationMs }): Promise<number>;

  /**
   * Asks the processes other than `asking` that hold something unspent of `account` to give it back. Returns
   * how many leases that concerns.
   */
  askBack(account: AccountId, asking: HolderId): Promise<number>;

  /** How many leases of `account` have been asked back from others than `asking`, and not answered yet. */
  stillAsked(account: AccountId, asking: HolderId): Promise<number>;

  /** What `holder` has been asked to give back. */
  askedBack(holder: HolderId): Promise<readonly AskedBack[]>;

  /** `holder` has given back what it could. What has been asked for again since stays asked for. */
  answerAskedBack(holder: HolderId, asked: readonly AskedBack[]): Promise<void>;

  /** Keeps an event that could not be taken in. Setting the same aside twice keeps one. */
  setAside(events: readonly SetAside[]): Promise<void>;
}
