/**
 * How a call stands: what a copy store's answer says about it, in the terms of the call book and the ledger.
 */
import type {
  Amount,
  Copy,
  CopyAnswer,
  Done,
  Expire,
  Extend,
  InstantMs,
  Json,
  LegState,
  Release,
  ReservationId,
  Settle,
} from '@bursar/core';
import type { CallLeg, OpenCall } from './call-book.ts';
import { periodOf } from './reports.ts';

/** A command about a reservation that exists. */
export type Change = Extend | Settle | Release | Expire;

/** The answer of a copy store that did what it was asked. */
export type DoneAnswer = Extract<CopyAnswer, { answer: 'done' }>;

/** The answer of a copy store that lacked room, or whose limiters refused. */
export type ShortAnswer = Extract<CopyAnswer, { answer: 'short' }>;

/** How a call stands now. */
export interface Standing {
  readonly state: LegState;
  readonly spent: Amount;
  readonly amount: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
  readonly atMs: InstantMs;
  readonly detail: Json;
}

/** How a call stands after the copies applied `command`. */
export function standingAfter(command: Change, { found, nowMs }: DoneAnswer): Standing {
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
export function standingBefore(command: Change, call: OpenCall, nowMs: InstantMs): Standing {
  const now = standingNow(call, nowMs);
  return {
    ...now,
    dispatched: now.dispatched || (command.kind === 'extend' && command.dispatched),
  };
}

/** The open call as this process knows it. */
export function standingNow({ found }: OpenCall, nowMs: InstantMs): Standing {
  const { amount, spent, deadlineAtMs, dispatched } = found;
  return {
    state: 'reserved',
    spent,
    amount,
    deadlineAtMs: Math.max(deadlineAtMs, nowMs + 1) as InstantMs,
    dispatched,
    atMs: nowMs,
    detail: null,
  };
}

/** The call that an answer of the copies is about. */
export function callOnCopies({ found, copies }: DoneAnswer, sinceMs: InstantMs): OpenCall {
  const { id, fingerprint, terms } = found.reservation;
  const { amount, spent, deadlineAtMs, dispatched } = found;
  return {
    reservation: id,
    place: 'copies',
    fingerprint,
    terms,
    legs: copies.map((copy) => ({ ...legOfCopy(copy), lease: copy.lease })),
    found: { amount, spent, deadlineAtMs, dispatched },
    sinceMs,
  };
}

/** `call` after the authority applied `command` to it. */
export function callAfter(call: OpenCall, command: Change, outcome: Done): OpenCall {
  return {
    ...call,
    found: {
      amount: outcome.amount,
      spent: outcome.spent,
      deadlineAtMs: outcome.deadlineAtMs ?? call.found.deadlineAtMs,
      dispatched: call.found.dispatched || (command.kind === 'extend' && command.dispatched),
    },
  };
}

/** The leg that a copy stands for. */
export function legOfCopy(copy: Copy): Pick<CallLeg, 'account' | 'period'> {
  const { account, startAtMs, endAtMs } = copy;
  return { account, period: periodOf(account, startAtMs, endAtMs) };
}

/** Whether others hold something of the account, which they may give back. */
export function isHeldElsewhere({ elsewhere }: Copy): boolean {
  return elsewhere.reserved > 0 || elsewhere.leased > 0;
}

/** Whether two copies differ in nothing but what was spent and set aside on them. */
export function isOnSameTerms(copy: Copy, other: Copy): boolean {
  const { elsewhere } = copy;
  return (
    copy.lease === other.lease &&
    copy.drawn === other.drawn &&
    copy.returned === other.returned &&
    elsewhere.limit === other.elsewhere.limit &&
    elsewhere.granted === other.elsewhere.granted &&
    elsewhere.settled === other.elsewhere.settled &&
    elsewhere.reserved === other.elsewhere.reserved &&
    elsewhere.leased === other.elsewhere.leased
  );
}

/** Whether the caller, once answered, relies on the end of the call being booked. */
export function isEnd(command: Change): boolean {
  return command.kind === 'settle' || command.kind === 'release';
}

/** The tenant of a reservation, which decides its shard. */
export function tenantOf(reservation: ReservationId): string {
  return reservation.slice(0, reservation.indexOf('/'));
}
