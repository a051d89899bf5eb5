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
  accountParts,
  type Administer,
  type Amount,
  available,
  BursarError,
  type Clock,
  type Command,
  type Copy,
  type CopyAnswer,
  type CopyCommand,
  DIRECT,
  type Done,
  type Expire,
  type Extend,
  type HolderId,
  type Ingest,
  type InstantMs,
  isBursarError,
  type LeaseId,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type Authority,
  type BudgetId,
  elsewhereOf,
  type Json,
  outstanding,
  RANK,
  type Refused,
  type Release,
  type ReservationId,
  type ReservationSnapshot,
  type Reserve,
  type Settle,
  type Tier,
  wholeAccount,
  ZERO,
} from '@bursar/core';
import { BreakerOpen } from '../breaker/breaker.ts';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import { CallBook, type CallLeg, type OpenCall } from './call-book.ts';
import type { CopiesGate } from './copies-gate.ts';
import { LeaseDesk } from './lease-desk.ts';
import { periodOf, reportsOfCall, type Standing } from './reports.ts';
import { UnconfirmedBook } from './unconfirmed.ts';

/** How often a call looks again after leases were opened or drawn, before the authority decides it. */
const LOOKS_MAX = 12;

/** What a leased tier is made of. */
export interface LeasedTierOptions {
  readonly name: string;
  readonly gate: CopiesGate;
  readonly authority: Authority;
  /** Decides while the copies are away; the authority itself unless given. */
  readonly fallback?: Tier | undefined;
  readonly holder: HolderId;
  /** How many journals the copies have; a tenant's is found by `shardOf`. */
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

type Change = Extend | Settle | Release | Expire;

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
    const isDirect = known?.place === 'direct' || !this.#gate.takes(tenantOf(command.reservation));
    if (isDirect && known?.place !== 'copies') return this.#reserveDirect(command);
    try {
      const outcome = await this.#reserveOnCopies(command);
      return outcome ?? (await this.#reserveDirect(command));
    } catch (error) {
      if (!isAway(error)) throw error;
      // The copies may hold it after all, if only their answer was lost.
      if (isUnknown(error)) this.#cancel(command);
      return this.#reserveDirect(command);
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
    const drained = new Map<AccountId, Account>();
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      if (look > 0) this.counts.lookedAgain += 1;
      const answer = await this.#ask(ask);
      switch (answer.answer) {
        case 'done':
          this.counts.onCopies += 1;
          this.#noteCall(command, answer);
          return this.#done(answer, amount);
        case 'missing':
          await this.desk.open(
            legs.filter(({ account }) => answer.accounts.includes(account)),
            amount,
          );
          break;
        case 'short': {
          const denied = await this.#drawFor(answer, legs, () => amount, drained);
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

  /**
   * Draws on every copy that lacks room. An answer when that cannot help: what the accounts lack, with all of
   * them as they are. Nothing when it is worth looking again.
   */
  async #drawFor(
    short: Extract<CopyAnswer, { answer: 'short' }>,
    legs: readonly Pick<CallLeg, 'account' | 'period'>[],
    wantedOn: (account: AccountId) => Amount,
    drained: Map<AccountId, Account>,
  ): Promise<Outcome | undefined> {
    const wholes = new Map(short.copies.map((copy) => [copy.account, wholeAccount(copy, DIRECT)]));
    let isHopeless = false;
    await Promise.all(
      short.shortfalls.map(async ({ account, missing }) => {
        const leg = legs.find((other) => other.account === account);
        const copy = short.copies.find((other) => other.account === account);
        if (leg === undefined || copy === undefined) return;
        const wanted = wantedOn(account);
        const drawn = await this.desk.draw(leg, copy, wanted);
        if (drawn.outcome === 'superseded') {
          // The authority does not count on this copy any more; this process must not either.
          await this.#gate.handshake(true);
          return;
        }
        const whole = wholeAccount(drawn.copy, DIRECT);
        wholes.set(account, whole);
        const room = available(whole) ?? Number.MAX_SAFE_INTEGER - whole.settled - whole.reserved;
        const grew = drawn.copy.drawn - copy.drawn >= missing;
        // Twice nothing, and the sum says that it cannot fit: what is missing is missing everywhere.
        if (!grew && wanted > room) isHopeless = true;
        drained.set(account, drawn.account);
      }),
    );
    if (!isHopeless) return undefined;
    const accounts = legs.flatMap(({ account }) => wholes.get(account) ?? []);
    if (
      accounts.some((account) => account.limit === null && isOver(account, wantedOn(account.id)))
    ) {
      return { outcome: 'rejected', code: 'amount_out_of_range' };
    }
    const shortfalls = accounts.flatMap((account) => {
      const room = Math.max(0, available(account) ?? Infinity);
      const wanted = wantedOn(account.id);
      return wanted > room ? [{ account: account.id, missing: (wanted - room) as Amount }] : [];
    });
    if (shortfalls.length === 0) return undefined;
    const refused: Refused = { outcome: 'denied', shortfalls, accounts };
    return refused;
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

  /** A reservation whose fate on the copies is unknown is not used there: give it back when that is possible. */
  #cancel(command: Reserve): void {
    this.counts.cancelled += 1;
    const { reservation, legs } = command;
    const accounts = legs.map(({ account }) => account);
    const cancel = (): void => {
      if (this.#isClosed) return;
      this.#gate
        .execute({ kind: 'release', reservation, accounts, detail: null })
        .catch(() => void this.#options.time.after(CANCEL_AGAIN_MS, cancel));
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
    const drained = new Map<AccountId, Account>();
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
          const denied = await this.#drawFor(answer, legs, () => more, drained);
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
    answer: Extract<CopyAnswer, { answer: 'done' }>,
  ): Promise<Outcome> {
    const { found } = answer;
    const now = this.#noteChange(command, call, answer);
    // Legs whose copies were replaced are known to the authority alone.
    const elsewhere = (call?.legs ?? []).filter(
      ({ account }) => !found.reservation.accounts.includes(account),
    );
    if (call !== undefined && elsewhere.length > 0 && command.kind !== 'expire') {
      await this.#authority.executeAll(
        reportsOfCall(call, standingOf(command, answer), false, elsewhere),
      );
      this.#options.onPastCopies?.();
    }
    const ack = (command.kind === 'settle' ? command.ack : undefined) ?? this.#options.ack;
    const isNews = answer.position !== null || isEnd(command);
    if (ack === 'ledger' && isNews) {
      await this.#authority.executeAll(reportsOfCall(now, standingOf(command, answer), true));
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
      reportsOfCall(call, standingUnseen(command, call, nowMs), false),
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
    const answer = await this.#quietly({ kind: 'find', reservation });
    if (answer?.answer !== 'found' || outcome.outcome !== 'applied') return outcome;
    const { found } = answer;
    const corrections = found.reservation.accounts.flatMap((account, index) => {
      const lease = found.leases[index];
      return lease === undefined || lease === command.lease
        ? []
        : [{ account, reservation, lease, state: 'released' as const, spent: ZERO }];
    });
    if (corrections.length > 0) await this.#quietly({ kind: 'correct', reservation, corrections });
    return outcome;
  }

  // Administration.

  async #administer(command: Administer): Promise<Outcome> {
    // The ledger tells things in their order, and what is corrected must have been booked.
    await this.#bringHome(command.leg.account);
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

  async account(id: AccountId): Promise<Account | undefined> {
    const copy = await this.#copyOf(id);
    if (copy === undefined) return this.#authority.account(id);
    try {
      // Two reads that a journal may come home between: what was booked would be in one and not the other.
      let lease = await this.#authority.lease(id, copy.lease);
      let account = await this.#authority.account(id);
      for (let tries = 0; tries < TORN_READS_MAX; tries += 1) {
        const again = await this.#authority.lease(id, copy.lease);
        if (again?.settled === lease?.settled && again?.drawn === lease?.drawn) break;
        lease = again;
        account = await this.#authority.account(id);
      }
      if (account === undefined) return wholeAccount(copy, DIRECT);
      if (lease === undefined) return account;
      const elsewhere = elsewhereOf(account, outstanding(lease), lease.settled);
      const sequence = Math.max(copy.sequence, account.sequence);
      return wholeAccount({ ...copy, elsewhere, sequence }, DIRECT);
    } catch (error) {
      if (!isAway(error)) throw error;
      return wholeAccount(copy, DIRECT);
    }
  }

  limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#authority.limit(budget);
  }

  async reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    const accounts = this.calls.get(id)?.legs.map(({ account }) => account);
    const [copied, booked] = await Promise.all([
      this.#quietly({ kind: 'find', reservation: id, accounts }),
      this.#authority.reservation(id).catch((error: unknown) => {
        if (isAway(error)) return undefined;
        throw error;
      }),
    ]);
    if (copied?.answer !== 'found') return booked;
    const { found } = copied;
    const snapshot: ReservationSnapshot = {
      reservation: found.reservation,
      state: found.state,
      amount: found.amount,
      spent: found.spent,
      deadlineAtMs: found.deadlineAtMs,
      dispatched: found.dispatched,
    };
    return booked !== undefined && rankOf(booked) > rankOf(snapshot) ? booked : snapshot;
  }

  async entries(query: {
    readonly account: AccountId;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly LedgerEntry[]> {
    await this.#bringHome(query.account);
    return this.#authority.entries(query);
  }

  /** Brings the journal of an account home as far as that is possible now. */
  async #bringHome(account: AccountId): Promise<void> {
    const { bringHome, shardOf } = this.#options;
    if (!this.#gate.isOpen || bringHome === undefined) return;
    await bringHome(shardOf(accountParts(account).tenant)).catch((error: unknown) => {
      if (!isAway(error)) throw error;
    });
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
    const shards = await this.#gate.use(async ({ shards: count }) => count);
    for (let shard = 0; shard < shards && ended < limit; shard += 1) {
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

  async #quietly(command: CopyCommand): Promise<CopyAnswer | undefined> {
    if (!this.#gate.isOpen) return undefined;
    try {
      return await this.#gate.execute(command);
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }

  async #copyOf(account: AccountId): Promise<Copy | undefined> {
    const answer = await this.#quietly({ kind: 'read', account });
    return answer?.answer === 'copy' ? (answer.copy ?? undefined) : undefined;
  }

  #done(answer: Extract<CopyAnswer, { answer: 'done' }>, amount: Amount): Done {
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

  #noteCall(command: Reserve, answer: Extract<CopyAnswer, { answer: 'done' }>): void {
    if (answer.found.state !== 'reserved') return;
    this.calls.keep(callOf(answer, command.fingerprint, command.terms, this.#options.time.nowMs()));
  }

  /** Keeps the call's state, and what was acknowledged until the ledger has it. Returns the call as it is now. */
  #noteChange(
    command: Change,
    call: OpenCall | undefined,
    answer: Extract<CopyAnswer, { answer: 'done' }>,
  ): OpenCall {
    const { found, position } = answer;
    const { fingerprint, terms } = found.reservation;
    const nowMs = this.#options.time.nowMs();
    const now = callOf(answer, fingerprint, terms, call?.sinceMs ?? nowMs);
    if (found.state === 'reserved') this.calls.keep(now);
    else this.calls.drop(command.reservation);
    if (isEnd(command)) {
      // Of a repeat the event is in the journal already, nobody here knows where, and whoever was answered
      // first may be dead: this process stands for its own answer.
      this.unconfirmed.add({
        reservation: command.reservation,
        reports: reportsOfCall(now, standingOf(command, answer), false),
        incarnation: this.#gate.incarnation,
        shard: this.#options.shardOf(tenantOf(command.reservation)),
        position,
        atMs: nowMs,
      });
    }
    return now;
  }

  #noteDirect(call: OpenCall, command: Change, outcome: Done): void {
    if (outcome.state !== 'reserved') {
      this.calls.drop(command.reservation);
      return;
    }
    this.calls.keep({
      ...call,
      found: {
        amount: outcome.amount,
        spent: outcome.spent,
        deadlineAtMs: outcome.deadlineAtMs ?? call.found.deadlineAtMs,
        dispatched: call.found.dispatched || (command.kind === 'extend' && command.dispatched),
      },
    });
  }
}

/** Whether the caller, once answered, relies on the end of the call being booked. */
function isEnd(command: Change): boolean {
  return command.kind === 'settle' || command.kind === 'release';
}

/** How often an account is read again because its lease changed meanwhile. */
const TORN_READS_MAX = 5;
/** Pause before a cancellation that did not get through is tried again. */
const CANCEL_AGAIN_MS = 1_000;

function callOf(
  { found, copies }: Extract<CopyAnswer, { answer: 'done' }>,
  fingerprint: OpenCall['fingerprint'],
  terms: Json,
  sinceMs: InstantMs,
): OpenCall {
  return {
    reservation: found.reservation.id,
    place: 'copies',
    fingerprint,
    terms,
    legs: copies.map((copy) => ({ ...legOfCopy(copy), lease: copy.lease })),
    found: {
      amount: found.amount,
      spent: found.spent,
      deadlineAtMs: found.deadlineAtMs,
      dispatched: found.dispatched,
    },
    sinceMs,
  };
}

function legOfCopy(copy: Copy): Pick<CallLeg, 'account' | 'period'> {
  const { account, startAtMs, endAtMs } = copy;
  return { account, period: periodOf(account, startAtMs, endAtMs) };
}

/** How a call stands after the copies applied `command`. */
function standingOf(
  command: Change,
  { found, nowMs }: Extract<CopyAnswer, { answer: 'done' }>,
): Standing {
  return {
    state: found.state,
    spent: found.spent,
    amount: found.amount,
    deadlineAtMs: found.deadlineAtMs,
    dispatched: found.dispatched,
    atMs: nowMs,
    detail: 'detail' in command ? command.detail : null,
  };
}

/** The call as this process last knew it, before `command`: what the authority has to hear first. */
function standingUnseen(command: Change, call: OpenCall, nowMs: InstantMs): Standing {
  const { amount, spent, deadlineAtMs, dispatched } = call.found;
  return {
    state: 'reserved',
    spent,
    amount,
    deadlineAtMs: Math.max(deadlineAtMs, nowMs + 1) as InstantMs,
    dispatched: dispatched || (command.kind === 'extend' && command.dispatched),
    atMs: nowMs,
    detail: null,
  };
}

function isOver(account: Account, wanted: Amount): boolean {
  return account.settled + account.reserved + account.leased + wanted > Number.MAX_SAFE_INTEGER;
}

function rankOf({ state }: Pick<ReservationSnapshot, 'state'>): number {
  return state === 'reserved' ? -1 : RANK[state];
}

function tenantOf(reservation: ReservationId): string {
  return reservation.slice(0, reservation.indexOf('/'));
}

/** Whether a store is away, so that another way may be taken. */
function isAway(error: unknown): boolean {
  return (
    error instanceof BreakerOpen ||
    (isBursarError(error) && (error.code === 'store_unavailable' || error.code === 'store_timeout'))
  );
}

/** Whether the command may have been applied. */
function isUnknown(error: unknown): boolean {
  return isBursarError(error) && error.code === 'store_timeout';
}
