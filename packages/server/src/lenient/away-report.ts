/** Events as books take them in, and what books and memory say of a call as the standing of an event. */
import {
  type AccountId,
  DIRECT,
  type Fingerprint,
  type Ingest,
  INSTANT_MAX,
  type InstantMs,
  type Json,
  type Leg,
  type Outcome,
  type Period,
  type ReservationId,
  type Reserve,
  ZERO,
} from '@bursar/core';
import type { Standing } from '../leasing/standing.ts';
import type { AwayEvent } from './away-event.ts';
import type { SeenCall } from './last-seen.ts';

/** The fingerprint of a call whose own is not known here. */
const UNKNOWN = '' as Fingerprint;
const ALWAYS: Period = { id: 'away', startAtMs: 0 as InstantMs, endAtMs: INSTANT_MAX };

/** What the event says of one leg: spent under the ledger's own right. */
export function reportOf(
  event: AwayEvent,
  leg: Ingest['leg'],
  fingerprint: Fingerprint = event.made?.fingerprint ?? UNKNOWN,
): Ingest {
  const { reservation, standing, made, adopt } = event;
  const { state, spent, amount, deadlineAtMs, dispatched, atMs, detail } = standing;
  return {
    kind: 'ingest',
    reservation,
    fingerprint,
    leg,
    state,
    lease: DIRECT,
    spent,
    ...(state === 'reserved' ? { open: { amount, deadlineAtMs, dispatched } } : {}),
    atMs,
    terms: made?.terms ?? adopt?.terms ?? null,
    detail,
  };
}

/** Where in the books a call stands whose accounts are somebody else's: on one of its own. */
export function placeOf(reservation: ReservationId): { account: AccountId; period: Period } {
  return { account: `${reservation}/away` as AccountId, period: ALWAYS };
}

/** How a leg stands. */
export function standingOfLeg(leg: Leg, atMs: InstantMs, detail: Json): Standing {
  const { state, spent, amount, deadlineAtMs, dispatched } = leg;
  return { state, spent, amount, deadlineAtMs, dispatched, atMs, detail };
}

/** How a call that somebody else reserved stands before its first command here, as far as that was seen. */
export function standingOfSeen(seen: SeenCall | undefined, nowMs: InstantMs): Standing {
  return {
    state: 'reserved',
    amount: seen?.amount ?? ZERO,
    spent: seen?.spent ?? ZERO,
    deadlineAtMs: seen?.deadlineAtMs ?? nowMs,
    dispatched: seen?.dispatched ?? false,
    atMs: nowMs,
    detail: null,
  };
}

/** The answer to a repeated reserve of a call that a store had reserved before. */
export function repeatOf(before: SeenCall, command: Reserve): Outcome {
  const { reservation, amount, spent, deadlineAtMs } = before;
  if (reservation.fingerprint !== command.fingerprint) {
    return { outcome: 'rejected', code: 'idempotency_key_reused' };
  }
  return {
    outcome: 'applied',
    replayed: true,
    reservation,
    state: 'reserved',
    amount,
    spent,
    deadlineAtMs,
    overage: ZERO,
    late: false,
    conflict: false,
    accounts: [],
  };
}
