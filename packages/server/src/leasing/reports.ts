/** Journal events and acknowledged ends as the reports that the ledger takes in: one for each leg. */
import {
  assert,
  type Fingerprint,
  type Ingest,
  type InstantMs,
  type JournalEvent,
  type Period,
} from '@bursar/core';
import type { OpenCall } from './call-book.ts';
import type { Standing } from './standing.ts';

const NO_FINGERPRINT = '' as Fingerprint;

/**
 * What a journal event says, leg by leg. The copy it comes from shows it. Written out, and in one order: it is made for
 * every call.
 */
export function reportsOfEvent(event: JournalEvent): readonly Ingest[] {
  const { reservation, state, spent, atMs, detail, made } = event;
  return event.legs.map(({ account, lease, startAtMs, endAtMs }) => ({
    kind: 'ingest',
    reservation,
    fingerprint: made?.fingerprint ?? NO_FINGERPRINT,
    leg: { account, period: periodOf(account, startAtMs, endAtMs) },
    lease,
    state,
    spent,
    atMs,
    detail,
    open: openOf(event),
    isShown: true,
    terms: made?.terms ?? null,
    madeAtMs: made?.createdAtMs,
  }));
}

/** How `call` stands, leg by leg, for the ledger. `isShown`: whether its copies have been told. */
export function reportsOfCall(
  call: OpenCall,
  now: Standing,
  isShown: boolean,
  legs: OpenCall['legs'] = call.legs,
): readonly Ingest[] {
  return legs.map(({ account, period, lease }) => ({
    kind: 'ingest',
    reservation: call.reservation,
    fingerprint: call.fingerprint,
    leg: { account, period },
    lease,
    ...standing(now),
    isShown,
    terms: call.terms,
    madeAtMs: call.sinceMs,
  }));
}

function standing(now: Standing): Pick<Ingest, 'state' | 'spent' | 'open' | 'atMs' | 'detail'> {
  const { state, spent, atMs, detail } = now;
  return { state, spent, atMs, detail, open: openOf(now) };
}

function openOf({ state, amount, deadlineAtMs, dispatched }: Standing): Ingest['open'] {
  return state === 'reserved' ? { amount, deadlineAtMs, dispatched } : undefined;
}

/** The period of an account, whose id ends with the period's. */
export function periodOf(account: string, startAtMs: InstantMs, endAtMs: InstantMs): Period {
  const id = account.slice(account.lastIndexOf('/') + 1);
  assert(id.length > 0, 'an account id ends with its period');
  return { id, startAtMs, endAtMs };
}
