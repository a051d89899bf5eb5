/**
 * The book of one outage: the calls this process answers while no store can decide, and what they take of the
 * allowance.
 *
 * Core's `decide` is the rule here too, on accounts as they were last seen. What is added is the allowance, a
 * bound on what stores will only hear of later, and calls that somebody else has reserved: each stands on an
 * account of its own without a limit, because nothing is known of the accounts it is really on. No I/O: what
 * `decide` answers is an event for the caller to write down before it passes the answer on.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  Books,
  decide,
  DIRECT,
  formatUsd,
  type Ingest,
  type InstantMs,
  type Outcome,
  type ReservationId,
  type ReservationSnapshot,
  type Reserve,
  snapshotOf,
  ZERO,
} from '@bursar/core';
import { type AwayEvent, type AwayRecord, beyondStores, type CallCommand } from './away-event.ts';
import { placeOf, repeatOf, reportOf, standingOfLeg, standingOfSeen } from './away-report.ts';
import type { LastSeen, SeenCall } from './last-seen.ts';
import { StoresAway } from './stores-away.ts';

/** Nothing but the allowance and what was last seen bounds an account. */
const POLICY = { defaultLimit: null };
/** What bounds an outage. */
export interface AwayBounds {
  /** What calls may spend and set aside together beyond what stores had set aside. */
  readonly allowance: Amount;
  /** Most calls that may be open at a time of those let through here. */
  readonly openMax: number;
  /** Most calls in all; of others' calls as many again. */
  readonly callsMax: number;
}

/** The answer to a command, and what has to be on the disk before it is given. */
export interface Answer {
  readonly outcome: Outcome;
  /** Absent when nothing changed. */
  readonly event?: AwayEvent;
}

interface KeptCall {
  readonly event: AwayEvent;
  /** Number of the last event that is in the ledger. */
  readonly bookedNumber: number;
  /** As a store reserved it, if this process saw that. */
  readonly seen?: SeenCall | undefined;
}

/** Calls answered during one outage. */
export class AwayBook {
  readonly #bounds: AwayBounds;
  #books = new Books();
  readonly #calls = new Map<ReservationId, KeptCall>();
  /** Accounts of which it is known what their limit was, and their sequence then. */
  readonly #seenAccounts = new Map<AccountId, number>();
  #used: Amount = ZERO;
  #open = 0;
  #number = 0;

  constructor(bounds: AwayBounds) {
    this.#bounds = bounds;
  }

  /** What of the allowance is spent or set aside; overage of single calls may take it above. */
  get used(): Amount {
    return this.#used;
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  /** When the first of what is kept was acknowledged. */
  get sinceMs(): InstantMs | undefined {
    let first: InstantMs | undefined;
    for (const { event } of this.#calls.values()) {
      if (first === undefined || event.standing.atMs < first) first = event.standing.atMs;
    }
    return first;
  }

  /**
   * Decides a command. Throws `store_unavailable`, with nothing changed, for a call beyond the allowance or
   * the bounds, and about a call of which too little is known.
   */
  decide(command: CallCommand, nowMs: InstantMs, seen: LastSeen): Answer {
    const kept = this.#calls.get(command.reservation);
    if (command.kind !== 'reserve') {
      return this.#change(command, kept ?? this.#elsewhere(command, nowMs, seen), nowMs);
    }
    if (kept !== undefined) return this.#repeat(command, kept, nowMs);
    const before = seen.call(command.reservation);
    return before === undefined
      ? this.#letThrough(command, nowMs, seen)
      : { outcome: repeatOf(before, command) };
  }

  /** Takes in what a journal says of an outage that this process, or one before it, was in. */
  restore(records: readonly AwayRecord[]): void {
    const events = new Map<ReservationId, AwayEvent>();
    const booked = new Map<ReservationId, number>();
    for (const record of records) {
      if ('booked' in record) {
        for (const [reservation, number] of record.booked) {
          booked.set(reservation, Math.max(number, booked.get(reservation) ?? 0));
        }
      } else {
        const { event } = record;
        this.#number = Math.max(this.#number, event.number);
        if (event.number > (events.get(event.reservation)?.number ?? 0)) {
          events.set(event.reservation, event);
        }
      }
    }
    for (const event of [...events.values()].toSorted((a, b) => a.number - b.number)) {
      const bookedNumber = booked.get(event.reservation) ?? 0;
      if (bookedNumber >= event.number) continue;
      for (const leg of event.made?.legs ?? [placeOf(event.reservation)]) {
        this.#take(reportOf(event, leg), event.standing.atMs);
      }
      this.#keep({ event, bookedNumber });
    }
  }

  /** Events that the ledger does not have, oldest first. */
  pending(): readonly AwayEvent[] {
    const found: AwayEvent[] = [];
    for (const { event, bookedNumber } of this.#calls.values()) {
      if (event.number > bookedNumber) found.push(event);
    }
    return found.toSorted((a, b) => a.number - b.number);
  }

  /** Whether the ledger lacks anything. */
  get hasPending(): boolean {
    for (const { event, bookedNumber } of this.#calls.values()) {
      if (event.number > bookedNumber) return true;
    }
    return false;
  }

  /** Everything that a journal must still say. */
  *records(): Iterable<AwayRecord> {
    for (const { event, bookedNumber } of this.#calls.values()) {
      if (event.number > bookedNumber) yield { event };
    }
  }

  /** The ledger has `event`. */
  markBooked({ reservation, number }: AwayEvent): void {
    const kept = this.#calls.get(reservation);
    if (kept === undefined) return;
    this.#calls.set(reservation, { ...kept, bookedNumber: Math.max(number, kept.bookedNumber) });
  }

  /** The outage is over and the ledger has everything. */
  clear(): void {
    this.#books = new Books();
    this.#calls.clear();
    this.#seenAccounts.clear();
    this.#used = ZERO;
    this.#open = 0;
  }

  /** Calls let through here whose deadline has passed, at most `limit`. */
  due(nowMs: InstantMs, limit: number): readonly ReservationId[] {
    const found: ReservationId[] = [];
    for (const [id, { event }] of this.#calls) {
      if (found.length >= limit) break;
      const { state, deadlineAtMs } = event.standing;
      if (event.made !== undefined && state === 'reserved' && deadlineAtMs <= nowMs) found.push(id);
    }
    return found;
  }

  /** The account as it was last seen, with what was let through since; nothing if it was never seen. */
  account(id: AccountId): Account | undefined {
    const account = this.#books.account(id);
    return account && this.#asSeen(account)[0];
  }

  reservation(id: ReservationId): ReservationSnapshot | undefined {
    const kept = this.#calls.get(id);
    const snapshot = kept && snapshotOf(this.#books, id);
    if (snapshot === undefined || kept?.event.made !== undefined) return snapshot;
    return kept?.seen && { ...snapshot, reservation: kept.seen.reservation };
  }

  #letThrough(command: Reserve, nowMs: InstantMs, seen: LastSeen): Answer {
    const { openMax, callsMax } = this.#bounds;
    if (this.#open >= openMax || this.#calls.size >= callsMax) {
      throw new StoresAway(
        `No store answers, and this server has let through as many calls as it keeps (${openMax} open, ${callsMax} in all); nothing was changed.`,
      );
    }
    const { reservation, fingerprint, terms } = command;
    // An account binds as it was last seen: what else is known of its limit, nobody here can say.
    const legs = command.legs.map(({ account, period }) => ({ account, period }));
    for (const { account } of legs) this.#openAsSeen(account, seen);
    const decision = decide(this.#books, { ...command, legs }, POLICY, nowMs);
    const leg = decision.changes.legs[0];
    if (leg === undefined) return { outcome: this.#shown(decision.outcome) };
    const event: AwayEvent = {
      number: this.#number + 1,
      reservation,
      standing: standingOfLeg(leg, nowMs, null),
      covered: ZERO,
      made: {
        fingerprint,
        terms,
        legs,
      },
    };
    this.#assertAllowed(event, ZERO);
    this.#books.post(decision.changes);
    this.#keep({ event, bookedNumber: 0 });
    return { outcome: this.#shown(decision.outcome), event };
  }

  #repeat(command: Reserve, kept: KeptCall, nowMs: InstantMs): Answer {
    if (kept.event.made === undefined && kept.seen === undefined) {
      throw new StoresAway(
        'No store answers, and this server does not know whether this call was reserved; nothing was changed.',
      );
    }
    const { outcome } = decide(this.#books, command, POLICY, nowMs);
    return { outcome: this.#shown(outcome, kept) };
  }

  #change(command: Exclude<CallCommand, Reserve>, kept: KeptCall, nowMs: InstantMs): Answer {
    const decision = decide(this.#books, command, POLICY, nowMs);
    const outcome = this.#shown(decision.outcome, kept);
    const leg = decision.changes.legs[0];
    if (leg === undefined) return { outcome };
    const before = kept.event;
    const detail = 'detail' in command ? command.detail : before.standing.detail;
    // What this process saw says more than what the caller would have it booked on.
    const adopt = before.adopt ?? (command.kind === 'settle' ? command.adopt : undefined);
    const event: AwayEvent = {
      ...before,
      number: this.#number + 1,
      standing: standingOfLeg(leg, nowMs, detail),
      ...(adopt === undefined ? {} : { adopt }),
    };
    // What was spent is taken in whatever the allowance says; only more that may be spent is not.
    if (command.kind === 'extend') this.#assertAllowed(event, beyondStores(before));
    this.#books.post(decision.changes);
    this.#keep({ ...kept, event });
    return { outcome, event };
  }

  /** A call that somebody else has reserved, or so its caller says, as it stands before its first command here. */
  #elsewhere(command: CallCommand, nowMs: InstantMs, last: LastSeen): KeptCall {
    const { reservation } = command;
    if (command.kind === 'expire') throw new StoresAway('No store answers; nothing was changed.');
    if (this.#calls.size >= 2 * this.#bounds.callsMax) {
      throw new StoresAway(
        'No store answers, and this server keeps as many calls as it can; nothing was changed.',
      );
    }
    const seen = last.call(reservation);
    const standing = standingOfSeen(seen, nowMs);
    const event: AwayEvent = {
      number: 0,
      reservation,
      standing,
      covered: standing.amount,
      ...(seen === undefined ? {} : { adopt: { legs: seen.legs, terms: seen.reservation.terms } }),
    };
    const place = placeOf(reservation);
    this.#take(reportOf(event, place, seen?.reservation.fingerprint), nowMs);
    // Kept also if nothing comes of it, so that the bound counts it.
    const kept = { event, bookedNumber: 0, seen };
    this.#keep(kept);
    return kept;
  }

  #keep(kept: KeptCall): void {
    const { event } = kept;
    const before = this.#calls.get(event.reservation)?.event;
    const used = this.#used - (before === undefined ? ZERO : beyondStores(before));
    this.#used = (used + beyondStores(event)) as Amount;
    this.#open += Number(isOpenHere(event)) - Number(before !== undefined && isOpenHere(before));
    this.#number = Math.max(this.#number, event.number);
    this.#calls.set(event.reservation, kept);
  }

  #assertAllowed(event: AwayEvent, before: Amount): void {
    const { allowance } = this.#bounds;
    const more = beyondStores(event) - before;
    if (more <= 0 || this.#used + more <= allowance) return;
    throw new StoresAway(
      `No store answers, and this server may let through $${formatUsd(allowance)} until one does, of which $${formatUsd(this.#used)} is used and this call asks for $${formatUsd(more as Amount)} more; nothing was changed.`,
    );
  }

  #openAsSeen(id: AccountId, seen: LastSeen): void {
    if (this.#books.account(id) !== undefined) return;
    const account = seen.account(id);
    if (account === undefined) return;
    this.#books.post({ accounts: [{ ...account, lease: DIRECT }] });
    this.#seenAccounts.set(id, account.sequence);
  }

  #take(report: Ingest, nowMs: InstantMs): void {
    this.#books.post(decide(this.#books, report, POLICY, nowMs).changes);
  }

  /**
   * The account as others may see it, if it was ever seen. It keeps the sequence it had then: the ledger goes on
   * from there, and nobody may take what is shown meanwhile for newer.
   */
  #asSeen(account: Account): readonly Account[] {
    const sequence = this.#seenAccounts.get(account.id);
    return sequence === undefined ? [] : [{ ...account, sequence }];
  }

  /** The outcome without what nobody here can know: accounts never seen, reservations made elsewhere. */
  #shown(outcome: Outcome, kept?: KeptCall): Outcome {
    if (outcome.outcome !== 'applied') return outcome;
    const accounts = outcome.accounts.flatMap((account) => this.#asSeen(account));
    if (kept === undefined || kept.event.made !== undefined) return { ...outcome, accounts };
    const { reservation: _stub, ...answered } = outcome;
    return kept.seen === undefined
      ? { ...answered, accounts }
      : { ...answered, accounts, reservation: kept.seen.reservation };
  }
}

function isOpenHere({ made, standing }: AwayEvent): boolean {
  return made !== undefined && standing.state === 'reserved';
}
