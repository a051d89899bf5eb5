/**
 * The leased tier: a tier that decides on copies funded by leases of the tier below.
 *
 * With Redis as the copy store and PostgreSQL as the authority it is the hybrid; with this process's memory
 * it is what decides in-process. A call touches the authority only when its account has no copy yet, when
 * the copy lacks the room, or when the copies are away. Every path ends a call the same way, because books
 * are a join: whichever store hears of it first, second or twice, the ledger says one thing.
 */
import {
  type Account,
  type AccountId,
  type Administer,
  type Amount,
  type Authority,
  type BudgetId,
  BursarError,
  type Clock,
  type Command,
  type CopyAnswer,
  type CopyCommand,
  DIRECT,
  type Done,
  type HolderId,
  type Ingest,
  type InstantMs,
  type LeaseId,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type ReservationId,
  type ReservationSnapshot,
  type Reserve,
  type Tier,
  wholeAccount,
  ZERO,
} from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import { isAway, isUnknown } from './away.ts';
import { CallBook, type OpenCall } from './call-book.ts';
import type { CopiesGate } from './copies-gate.ts';
import { drawForCall } from './draw-for-call.ts';
import { LeaseDesk } from './lease-desk.ts';
import { LeasedReader } from './leased-reader.ts';
import { reportsOfCall } from './reports.ts';
import {
  callAfter,
  callOnCopies,
  type Change,
  type DoneAnswer,
  isEnd,
  legOfCopy,
  standingAfter,
  standingBefore,
  tenantOf,
} from './standing.ts';
import { UnconfirmedBook } from './unconfirmed.ts';

/** How often a call looks again after leases were opened or drawn, before the authority decides it. */
const LOOKS_MAX = 12;
/** Pause before a cancellation that did not get through is tried again. */
const CANCEL_AGAIN_MS = 1_000;

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
  /** Whether an answer may rely on the copies and this process, or must wait for the ledger. */
  readonly ack?: 'journal' | 'ledger';
  /** Brings the journal of a tenant home, so that its ledger can be read. */
  readonly bringHome?: (shard: number) => Promise<void>;
  /** Tells the sync that corrections may wait. */
  readonly onPastCopies?: () => void;
}

/** Decides on copies. */
export class LeasedTier implements Tier {
  readonly name: string;
  readonly calls = new CallBook();
  readonly unconfirmed = new UnconfirmedBook();
  readonly desk: LeaseDesk;
  readonly #options: LeasedTierOptions;
  readonly #gate: CopiesGate;
  readonly #authority: Authority;
  readonly #fallback: Tier;
  readonly #reader: LeasedReader;
  #isClosed = false;
  /** How often each path was taken. */
  readonly counts = { onCopies: 0, direct: 0, past: 0, lookedAgain: 0, cancelled: 0 };

  constructor(options: LeasedTierOptions) {
    this.name = options.name;
    this.#options = options;
    this.#gate = options.gate;
    this.#authority = options.authority;
    this.#fallback = options.fallback ?? options.authority;
    this.desk = new LeaseDesk(options);
    this.#reader = new LeasedReader(options);
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    if (this.#isClosed) {
      throw new BursarError('store_unavailable', { message: 'The store is closed.' });
    }
    return (await this.#execute(command)) as OutcomeOf<C>;
  }

  #execute(command: Command): Promise<Outcome> {
    switch (command.kind) {
      case 'reserve':
        return this.#reserve(command);
      case 'extend':
      case 'settle':
      case 'release':
      case 'expire':
        return this.#change(command);
      case 'setLimit':
      case 'grant':
      case 'adjust':
        return this.#administer(command);
      case 'ingest':
        return this.#ingest(command);
      case 'openLease':
      case 'draw':
      case 'returnLease':
      case 'suspectLease':
      case 'closeLease':
        return this.#authority.execute(command);
    }
  }

  // Reserving.

  async #reserve(command: Reserve): Promise<Outcome> {
    this.calls.assertRoom();
    this.unconfirmed.assertRoom();
    const known = this.calls.get(command.reservation);
    const isForCopies = known === undefined && this.#gate.takes(tenantOf(command.reservation));
    if (known?.place !== 'copies' && !isForCopies) return this.#reserveDirect(command);
    try {
      const outcome = await this.#reserveOnCopies(command);
      return outcome ?? (await this.#reserveDirect(command));
    } catch (error) {
      if (!isAway(error)) throw error;
      const outcome = await this.#reserveDirect(command);
      // The copies may hold it too, if only their answer was lost. Only a call that is covered elsewhere may
      // give that up: any other may still be told, on a repeat, that the copies hold it.
      if (isUnknown(error) && this.calls.get(command.reservation)?.place === 'direct') {
        this.#cancelOnCopies(command);
      }
      return outcome;
    }
  }

  /** The answer of the copies; nothing when the authority has to decide. */
  async #reserveOnCopies(command: Reserve): Promise<Outcome | undefined> {
    const { reservation, fingerprint, legs, amount, ttlMs, terms } = command;
    const accounts = legs.map(({ account }) => account);
    const ask: CopyCommand = {
      kind: 'reserve',
      reservation,
      fingerprint,
      accounts,
      amount,
      ttlMs,
      terms,
    };
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      if (look > 0) this.counts.lookedAgain += 1;
      const answer = await this.#ask(ask);
      switch (answer.answer) {
        case 'done':
          this.counts.onCopies += 1;
          this.#noteCall(answer);
          return this.#done(answer, amount);
        case 'missing':
          await this.desk.open(
            legs.filter(({ account }) => answer.accounts.includes(account)),
            amount,
          );
          break;
        case 'short': {
          const denied = await drawForCall(
            { desk: this.desk, gate: this.#gate },
            answer,
            legs,
            amount,
          );
          if (denied !== undefined) return denied;
          break;
        }
        case 'period_mismatch':
          return { outcome: 'period_mismatch', nowMs: answer.nowMs };
        case 'rejected':
          return { outcome: 'rejected', code: answer.code };
        case 'unknown':
          return this.#authority.execute(command);
        default:
          return undefined;
      }
    }
    return undefined;
  }

  async #reserveDirect(command: Reserve): Promise<Outcome> {
    this.counts.direct += 1;
    const outcome = await this.#fallback.execute(command);
    if (outcome.outcome === 'applied' && outcome.state === 'reserved') {
      this.calls.keep({
        reservation: command.reservation,
        place: 'direct',
        fingerprint: command.fingerprint,
        terms: command.terms,
        legs: command.legs.map((leg) => ({ ...leg, lease: DIRECT })),
        found: {
          amount: outcome.amount,
          spent: outcome.spent,
          deadlineAtMs: outcome.deadlineAtMs ?? (0 as InstantMs),
          dispatched: false,
        },
        sinceMs: this.#options.time.nowMs(),
      });
    }
    return outcome;
  }

  /** Gives back what the copies may hold of a call that is covered here, until they hear of it or it has expired there. */
  #cancelOnCopies({ reservation, legs, ttlMs }: Reserve): void {
    const { time } = this.#options;
    const untilMs = time.nowMs() + ttlMs;
    const accounts = legs.map(({ account }) => account);
    this.counts.cancelled += 1;
    const cancel = (): void => {
      if (this.#isClosed || time.nowMs() >= untilMs) return;
      this.#gate
        .execute({ kind: 'release', reservation, accounts, detail: null })
        .catch(() => void time.after(CANCEL_AGAIN_MS, cancel));
    };
    cancel();
  }

  // Changing.

  async #change(command: Change): Promise<Outcome> {
    const call = this.calls.get(command.reservation);
    if (call?.place === 'direct') return this.#changeDirect(command, call);
    if (this.#gate.isOpen) {
      try {
        const outcome = await this.#changeOnCopies(command, call);
        if (outcome !== undefined) return outcome;
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
    return this.#changePastCopies(command, call);
  }

  /** The answer of the copies; nothing when they do not know the reservation. */
  async #changeOnCopies(command: Change, call: OpenCall | undefined): Promise<Outcome | undefined> {
    const accounts = call?.legs.map(({ account }) => account);
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const answer = await this.#ask({ ...command, accounts });
      switch (answer.answer) {
        case 'done':
          return this.#changed(command, call, answer);
        case 'short': {
          const legs = answer.copies.map(legOfCopy);
          const wanted = command.kind === 'extend' ? (command.amount ?? ZERO) : ZERO;
          const held = call?.found.amount ?? ZERO;
          const more = Math.max(0, wanted - held) as Amount;
          const denied = await drawForCall(
            { desk: this.desk, gate: this.#gate },
            answer,
            legs,
            more,
          );
          if (denied !== undefined) return denied;
          break;
        }
        case 'rejected':
          return { outcome: 'rejected', code: answer.code };
        default:
          return undefined;
      }
    }
    return undefined;
  }

  async #changed(
    command: Change,
    call: OpenCall | undefined,
    answer: DoneAnswer,
  ): Promise<Outcome> {
    const { found } = answer;
    const now = this.#noteChange(command, call, answer);
    // Legs whose copies were replaced are known to the authority alone.
    const elsewhere = (call?.legs ?? []).filter(
      ({ account }) => !found.reservation.accounts.includes(account),
    );
    if (call !== undefined && elsewhere.length > 0 && command.kind !== 'expire') {
      await this.#authority.executeAll(
        reportsOfCall(call, standingAfter(command, answer), false, elsewhere),
      );
      this.#options.onPastCopies?.();
    }
    const ack = (command.kind === 'settle' ? command.ack : undefined) ?? this.#options.ack;
    const isNews = answer.position !== null || isEnd(command);
    if (ack === 'ledger' && isNews) {
      await this.#authority.executeAll(reportsOfCall(now, standingAfter(command, answer), true));
    }
    return this.#done(answer, command.kind === 'extend' ? (command.amount ?? ZERO) : ZERO);
  }

  async #changeDirect(command: Change, call: OpenCall): Promise<Outcome> {
    const outcome = await this.#fallback.execute(command);
    if (outcome.outcome === 'applied') this.#noteDirect(call, command, outcome);
    return outcome;
  }

  /**
   * The copies are away or do not know the reservation: the authority books it under the lease it was
   * reserved on, and the copies are told when they can be.
   */
  async #changePastCopies(command: Change, call: OpenCall | undefined): Promise<Outcome> {
    this.counts.past += 1;
    // What this process remembers says more than what the caller would have it booked on.
    const isRemembered = call !== undefined && command.kind !== 'expire';
    const outcome = await this.#authority.execute(
      isRemembered && command.kind === 'settle' ? { ...command, adopt: undefined } : command,
    );
    this.#options.onPastCopies?.();
    const isKnown = outcome.outcome !== 'rejected' || outcome.code !== 'reservation_not_found';
    if (isKnown || !isRemembered) {
      if (outcome.outcome === 'applied' && call !== undefined)
        this.#noteDirect(call, command, outcome);
      return outcome;
    }
    // It was lost with the copies before the journal came home. This process remembers it.
    const nowMs = this.#options.time.nowMs();
    await this.#authority.executeAll(
      reportsOfCall(call, standingBefore(command, call, nowMs), false),
    );
    const again = await this.#authority.execute(command);
    if (again.outcome === 'applied') {
      this.#noteDirect(call, command, again);
      // Reported by this very command, not by an earlier one.
      return { ...again, replayed: false };
    }
    return again;
  }

  /** A report of a tier above: the authority books it, and the copies give up what they hold for it. */
  async #ingest(command: Ingest): Promise<Outcome> {
    const outcome = await this.#authority.execute(command);
    const { reservation } = command;
    const answer = await this.#reader.askQuietly({ kind: 'find', reservation });
    if (answer?.answer !== 'found' || outcome.outcome !== 'applied') return outcome;
    const { found } = answer;
    const corrections = found.reservation.accounts.flatMap((account, index) => {
      const lease = found.leases[index];
      return lease === undefined || lease === command.lease
        ? []
        : [{ account, reservation, lease, state: 'released' as const, spent: ZERO }];
    });
    if (corrections.length > 0)
      await this.#reader.askQuietly({ kind: 'correct', reservation, corrections });
    return outcome;
  }

  // Administration.

  async #administer(command: Administer): Promise<Outcome> {
    // The ledger tells things in their order, and what is corrected must have been booked.
    await this.#reader.bringHome(command.leg.account);
    const outcome = await this.#authority.execute(command);
    if (outcome.outcome !== 'applied') return outcome;
    const [account] = outcome.accounts;
    if (account === undefined || !this.#gate.isOpen) return outcome;
    try {
      await this.desk.refresh(command.leg, account);
    } catch (error) {
      this.#options.log.warn({ error }, 'a copy could not be told of a change; it draws no more');
      return outcome;
    }
    const whole = await this.account(account.id);
    return whole === undefined ? outcome : { ...outcome, accounts: [whole] };
  }

  // Reading.

  account(id: AccountId): Promise<Account | undefined> {
    return this.#reader.account(id);
  }

  limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#authority.limit(budget);
  }

  reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    return this.#reader.reservation(
      id,
      this.calls.get(id)?.legs.map(({ account }) => account),
    );
  }

  entries(query: Parameters<Tier['entries']>[0]): Promise<readonly LedgerEntry[]> {
    return this.#reader.entries(query);
  }

  async sweep(limit: number): Promise<number> {
    let ended = 0;
    if (this.#gate.isOpen) {
      try {
        ended = await this.#sweepCopies(limit);
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
    if (ended >= limit) return ended;
    return ended + (await this.#authority.sweep(limit - ended));
  }

  async #sweepCopies(limit: number): Promise<number> {
    let ended = 0;
    for (let shard = 0; shard < this.#options.shards && ended < limit; shard += 1) {
      const due = await this.#gate.use((copies) => copies.due(shard, limit - ended));
      for (const account of due) {
        if (ended >= limit) break;
        const answer = await this.#gate.execute({ kind: 'sweep', account, limit: limit - ended });
        if (answer.answer === 'swept') ended += answer.ended;
      }
    }
    return ended;
  }

  nowMs(): Promise<InstantMs> {
    return this.#authority.nowMs();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.desk.idle();
  }

  // Shared parts.

  /** Asks the copies; an answer that got lost is asked for once more, because every command may be repeated. */
  async #ask(command: CopyCommand): Promise<CopyAnswer> {
    try {
      return await this.#gate.execute(command);
    } catch (error) {
      if (isUnknown(error) && this.#gate.isOpen) return this.#gate.execute(command);
      throw error;
    }
  }

  #done(answer: DoneAnswer, amount: Amount): Done {
    const { found, copies } = answer;
    for (const copy of copies) this.desk.consider(legOfCopy(copy), copy, amount);
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
      accounts: copies.map((copy) => wholeAccount(copy, DIRECT)),
    };
  }

  #noteCall(answer: DoneAnswer): void {
    if (answer.found.state !== 'reserved') return;
    this.calls.keep(callOnCopies(answer, this.#options.time.nowMs()));
  }

  /** Keeps the call's state, and what was acknowledged until the ledger has it. Returns the call as it is now. */
  #noteChange(command: Change, call: OpenCall | undefined, answer: DoneAnswer): OpenCall {
    const { found, position } = answer;
    const nowMs = this.#options.time.nowMs();
    const now = callOnCopies(answer, call?.sinceMs ?? nowMs);
    if (found.state === 'reserved') this.calls.keep(now);
    else this.calls.drop(command.reservation);
    if (isEnd(command)) {
      // Of a repeat the event is in the journal already, nobody here knows where, and whoever was answered
      // first may be dead: this process stands for its own answer.
      this.unconfirmed.add({
        reservation: command.reservation,
        reports: reportsOfCall(now, standingAfter(command, answer), false),
        incarnation: this.#gate.incarnation,
        shard: this.#options.shardOf(tenantOf(command.reservation)),
        position,
        atMs: nowMs,
      });
    }
    return now;
  }

  #noteDirect(call: OpenCall, command: Change, outcome: Done): void {
    if (outcome.state === 'reserved') this.calls.keep(callAfter(call, command, outcome));
    else this.calls.drop(command.reservation);
  }
}
