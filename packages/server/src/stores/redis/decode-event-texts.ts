/**
 * Events as the first layout had them, which are in the journal of a Redis that was used before this one: words,
 * `e` for an event, `d` for its detail, `t` for the terms it was made with.
 */
import {
  type AccountId,
  type InstantMs,
  isAmount,
  type JournalEvent,
  type JournalPosition,
  type LeaseId,
  LEGS_MAX,
  type Amount,
  type ReservationId,
} from '@bursar/core';
import { decodeFingerprint, legState, parseJson } from './decode-answer.ts';
import { ReplyMalformed } from './reply-reader.ts';

/** One event, in its words. Throws `ReplyMalformed`. */
export function decodeEventTexts(
  position: JournalPosition,
  group: readonly string[],
): JournalEvent {
  const [e, head = '', d, detail = '', t, terms, ...more] = group;
  const isFirst = t !== undefined;
  if (
    e !== 'e' ||
    d !== 'd' ||
    more.length > 0 ||
    (isFirst && (t !== 't' || terms === undefined))
  ) {
    throw new ReplyMalformed('no event');
  }
  // Whether the journal knew of it before is the scripts' business.
  const [id, state, amount, spent, deadline, dispatched, , at, legs, ...made] = head.split(' ');
  const [fingerprint, created] = made;
  if (made.length !== (isFirst ? 2 : 0) || id === undefined || legs === undefined) {
    throw new ReplyMalformed('no event');
  }
  return {
    position,
    reservation: id as ReservationId,
    legs: legs.split(',').map(decodeLeg).slice(0, LEGS_MAX),
    state: legState(state ?? ''),
    amount: number(amount),
    spent: number(spent),
    deadlineAtMs: instant(deadline),
    dispatched: dispatched === '1',
    atMs: instant(at),
    detail: parseJson(detail),
    ...(isFirst
      ? {
          made: {
            fingerprint: decodeFingerprint(fingerprint ?? ''),
            terms: parseJson(terms ?? ''),
            createdAtMs: instant(created),
          },
        }
      : {}),
  };
}

function decodeLeg(text: string): JournalEvent['legs'][number] {
  const [account, lease, start, end, ...more] = text.split('|');
  if (account === undefined || lease === undefined || more.length > 0) {
    throw new ReplyMalformed('no leg');
  }
  return {
    account: account as AccountId,
    lease: lease as LeaseId,
    startAtMs: instant(start),
    endAtMs: instant(end),
  };
}

function number(text: string | undefined): Amount {
  const value = Number(text);
  if (text === undefined || text === '' || !isAmount(value)) throw new ReplyMalformed('no number');
  return value;
}

function instant(text: string | undefined): InstantMs {
  return number(text) as number as InstantMs;
}
