/**
 * What everything that works on leases shares: the way to the copies and to the authority, the calls that run,
 * what was acknowledged, and how an answer of the copies becomes an outcome.
 */
import {
  type AccountId,
  type Amount,
  type Authority,
  type Clock,
  type Copy,
  type CopyAnswer,
  type CopyCommand,
  DIRECT,
  type Done,
  type HolderId,
  type LeaseId,
  leftForLease,
  type ReservationId,
  roomIn,
  type Tier,
  wholeAccount,
} from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import { isAway, isUnknown } from './away.ts';
import { CallBook, type OpenCall } from './call-book.ts';
import type { CopiesGate } from './copies-gate.ts';
import { LeaseDesk } from './lease-desk.ts';
import { callAfter, type Change, type DoneAnswer, legOfCopy } from './standing.ts';
import { TermsOnCopies } from './terms-on-copies.ts';
import { UnconfirmedBook } from './unconfirmed.ts';

/** What a leased tier is made of. */
export interface LeasedTierOptions {
  readonly name: string;
  readonly gate: CopiesGate;
  readonly authority: Authority;
  /** Decides while the copies are away; the authority itself unless given. */
  readonly fallback?: Tier | undefined;
  readonly holder: HolderId;
  /** How many journals the copies have; a tenant's is found by `shardOf`. */
  readonly shards: number;
  readonly shardOf: (tenant: string) => number;
  readonly newLeaseId: () => LeaseId;
  readonly time: Clock & Timers;
  readonly log: Log;
  /**
   * `copies`: an answer may rely on the copies and this process. `journal-home`: the copies are lost with this
   * process, so an answer waits until their journal is in the ledger.
   */
  readonly restsOn?: 'copies' | 'journal-home';
  /** Most accounts whose pace is remembered; see the lease desk. */
  readonly pacesMax?: number;
  /** Whether a call may open a lease on this account now; otherwise the authority decides it. */
  readonly mayLease?: (account: AccountId) => boolean;
  /** Whether an account is so near its limit that the authority decides each call on it. */
  readonly isScarce?: (account: AccountId) => boolean;
  /**
   * Whose limiters count. `copies`, the default: those of whoever decides, and the copies decide where they
   * can. `authority`: its own alone, so that calls with rates are decided there.
   */
  readonly limitersAre?: 'copies' | 'authority';
  /** Gives back what these copies have unspent of these accounts, for a call that the authority has to decide. */
  readonly giveUp?: (accounts: readonly AccountId[]) => Promise<boolean>;
  /** Asks others to give back what they hold of these accounts. Answers whether it is worth looking again. */
  readonly reclaim?: (accounts: readonly AccountId[]) => Promise<boolean>;
  /** Brings the journal of a tenant home, so that its ledger can be read. */
  readonly bringHome?: (shard: number) => Promise<void>;
  /** Tells the sync that corrections may wait. */
  readonly onPastCopies?: () => void;
}

/** Pause between two attempts to give a call back on copies that are away, in milliseconds. */
const CANCEL_AGAIN_MS = 1_000;
/** Most calls for which that is tried at a time. */
const CANCELLING_MAX = 10_000;

/** The parts of a leased tier. */
export class LeasedContext {
  readonly options: LeasedTierOptions;
  readonly gate: CopiesGate;
  readonly authority: Authority;
  readonly fallback: Tier;
  readonly calls = new CallBook();
  readonly unconfirmed = new UnconfirmedBook();
  readonly desk: LeaseDesk;
  readonly terms: TermsOnCopies;
  /** How often each path was taken. */
  readonly counts = { onCopies: 0, direct: 0, past: 0, lookedAgain: 0, cancelled: 0, reclaimed: 0 };
  isClosed = false;
  /** Calls that are being given back on the copies. */
  #cancelling = 0;

  constructor(options: LeasedTierOptions) {
    this.options = options;
    this.gate = options.gate;
    this.authority = options.authority;
    this.fallback = options.fallback ?? options.authority;
    this.desk = new LeaseDesk(options);
    const { gate, log, pacesMax } = options;
    this.terms = new TermsOnCopies({
      gate,
      desk: this.desk,
      below: this.fallback,
      log,
      seenMax: pacesMax,
    });
  }

  /** Asks the copies; an answer that got lost is asked for once more, because every command may be repeated. */
  ask(command: CopyCommand): Promise<CopyAnswer> {
    return this.gate.execute(command).catch((error: unknown) => {
      if (isUnknown(error) && this.gate.isOpen) return this.gate.execute(command);
      throw error;
    });
  }

  /** What the copies did, as an outcome; accounts that run low draw in the background. */
  done(answer: DoneAnswer, amount: Amount): Done {
    const { found, copies } = answer;
    for (const copy of copies) this.desk.consider(copy, amount);
    this.terms.note(copies);
    return {
      outcome: 'applied',
      replayed: answer.replayed,
      reservation: found.reservation,
      state: found.state,
      amount: found.amount,
      spent: found.spent,
      deadlineAtMs: found.deadlineAtMs,
      overage: answer.overage,
      late: answer.late,
      conflict: false,
      ...(answer.rates === undefined ? {} : { rates: answer.rates }),
      accounts: copies.map((copy) => wholeAccount(copy, DIRECT)),
    };
  }

  /**
   * Gives back what copies have left beyond what their accounts have: the end of a call freed it after the limit
   * had been lowered below what was set aside. A copy that cannot give it back now does so at its next change.
   * Nothing if there is nothing to wait for, which is so of nearly all.
   */
  giveBackExcess(copies: readonly Copy[]): Promise<void> | undefined {
    const excessive = copies.filter(hasExcess);
    return excessive.length === 0 ? undefined : this.#giveBack(excessive);
  }

  async #giveBack(copies: readonly Copy[]): Promise<void> {
    for (const copy of copies) {
      const whole = wholeAccount(copy, DIRECT);
      await this.desk.refresh(legOfCopy(copy), whole).catch((error: unknown) => {
        if (!isAway(error)) throw error;
        this.options.log.debug({ error }, 'a copy keeps more than its account has');
      });
    }
  }

  /**
   * Gives back what the copies may hold of a call that nobody makes on them: as soon as they can be told, or until it has expired
   * there, within `ttlMs`. Beyond a bounded number of them it is left to expire.
   */
  releaseOnCopies(
    reservation: ReservationId,
    ttlMs: number,
    accounts?: readonly AccountId[],
  ): void {
    if (this.#cancelling >= CANCELLING_MAX) return;
    const { time } = this.options;
    const untilMs = time.nowMs() + ttlMs;
    this.#cancelling += 1;
    this.counts.cancelled += 1;
    const cancel = (): void => {
      if (this.isClosed || time.nowMs() >= untilMs) {
        this.#cancelling -= 1;
        return;
      }
      this.gate.execute({ kind: 'release', reservation, accounts, detail: null }).then(
        () => (this.#cancelling -= 1),
        () => void time.after(CANCEL_AGAIN_MS, cancel),
      );
    };
    cancel();
  }

  /** Keeps the state of a call that the authority or the fallback decides. */
  noteDirect(call: OpenCall, command: Change, outcome: Done): void {
    if (outcome.state === 'reserved') this.calls.keep(callAfter(call, command, outcome));
    else this.calls.drop(command.reservation);
  }
}

/** Whether a copy has more left than its whole account. */
function hasExcess(copy: Copy): boolean {
  const { elsewhere, settled, reserved } = copy;
  return roomIn(copy) > Math.max(0, leftForLease(elsewhere) - settled - reserved);
}
