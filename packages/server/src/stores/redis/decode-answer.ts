/** From the words of `run-commands.lua` to an answer. */
import {
  type AccountId,
  type Amount,
  type CopiedReservation,
  CopiesFenced,
  type Copy,
  type CopyAnswer,
  type Elsewhere,
  type Fingerprint,
  type InstantMs,
  isAmount,
  type JournalPosition,
  type Json,
  type LeaseId,
  LEGS_MAX,
  type LegState,
  type RejectionCode,
  type ReservationId,
} from '@bursar/core';
import { ReplyMalformed, type ReplyReader } from './reply-reader.ts';
import { wrongType } from './run-script.ts';

/** What belongs to a whole call. */
export interface AnswerContext {
  /** The reservation that the command named. */
  readonly reservation: ReservationId | null;
  readonly nowMs: InstantMs;
  readonly position: JournalPosition;
}

/** The command needs the keys of more accounts, and changed nothing. */
export interface Widen {
  readonly answer: 'widen';
  readonly accounts: readonly AccountId[];
}

const STATES: Readonly<Record<string, LegState>> = {
  o: 'reserved',
  r: 'released',
  e: 'expired',
  s: 'settled',
};
const CODES = new Set<string>([
  'idempotency_key_reused',
  'amount_out_of_range',
  'reservation_already_released',
  'reservation_expired',
  'reservation_already_settled',
] satisfies RejectionCode[]);

/** Throws `CopiesFenced` for data that contradict themselves, and `ReplyMalformed`. */
export function decodeAnswer(reply: ReplyReader, context: AnswerContext): CopyAnswer | Widen {
  const answer = decode(reply, context);
  reply.end();
  return answer;
}

function decode(reply: ReplyReader, context: AnswerContext): CopyAnswer | Widen {
  const status = reply.text();
  switch (status) {
    case 'done':
      return done(reply, context);
    case 'short':
      return short(reply);
    case 'missing':
      return { answer: 'missing', accounts: reply.rest() as AccountId[] };
    case 'unknown':
      return { answer: 'unknown' };
    case 'period':
      return { answer: 'period_mismatch', nowMs: context.nowMs };
    case 'rejected':
      return { answer: 'rejected', code: rejectionCode(reply.text()) };
    case 'swept':
      return { answer: 'swept', ended: reply.amount() };
    case 'prepared':
      return { answer: 'prepared', ticket: reply.amount() };
    case 'busy':
      return { answer: 'busy', forMs: reply.amount() };
    case 'copy':
      return { answer: 'copy', copy: copy(reply) };
    case 'none':
      return { answer: 'copy', copy: null };
    case 'found':
      return { answer: 'found', found: found(reply, context) };
    case 'WIDEN':
      return { answer: 'widen', accounts: reply.rest() as AccountId[] };
    case 'WRONGTYPE':
      throw wrongType(reply.text());
    case 'DAMAGED':
      throw new CopiesFenced(`the data contradict themselves: ${reply.text().slice(0, 120)}`);
    default:
      throw new ReplyMalformed(`no answer: ${status.slice(0, 40)}`);
  }
}

function done(reply: ReplyReader, context: AnswerContext): CopyAnswer {
  const replayed = reply.flag();
  const overage = reply.amount();
  const late = reply.flag();
  const isTold = reply.flag();
  if (isTold && context.position === '') throw new ReplyMalformed('an event without a position');
  const reservation = found(reply, context);
  return {
    answer: 'done',
    found: reservation,
    replayed,
    overage,
    late,
    copies: reservation.leases.map(() => copy(reply)),
    position: isTold ? context.position : null,
    nowMs: context.nowMs,
  };
}

function short(reply: ReplyReader): CopyAnswer {
  const count = reply.count(LEGS_MAX);
  const shortfalls = Array.from({ length: count }, () => ({
    account: reply.text() as AccountId,
    missing: reply.amount(),
  }));
  const copies: Copy[] = [];
  while (!reply.isAtEnd) copies.push(copy(reply));
  return { answer: 'short', shortfalls, copies };
}

function found(reply: ReplyReader, context: AnswerContext): CopiedReservation {
  if (context.reservation === null)
    throw new ReplyMalformed('a reservation that was not asked for');
  const fingerprint = decodeFingerprint(reply.text());
  const createdAtMs = reply.instant();
  const terms = parseJson(reply.text());
  const state = legState(reply.text());
  const amount = reply.amount();
  const spent = reply.amount();
  const deadlineAtMs = reply.instant();
  const dispatched = reply.flag();
  const count = reply.count(LEGS_MAX);
  const accounts: AccountId[] = [];
  const leases: LeaseId[] = [];
  for (let index = 0; index < count; index += 1) {
    accounts.push(reply.text() as AccountId);
    leases.push(reply.text() as LeaseId);
  }
  return {
    reservation: { id: context.reservation, fingerprint, accounts, terms, createdAtMs },
    leases,
    state,
    amount,
    spent,
    deadlineAtMs,
    dispatched,
  };
}

function copy(reply: ReplyReader): Copy {
  return {
    account: reply.text() as AccountId,
    lease: reply.text() as LeaseId,
    startAtMs: reply.instant(),
    endAtMs: reply.instant(),
    drawn: reply.amount(),
    returned: reply.amount(),
    settled: reply.amount(),
    reserved: reply.amount(),
    sequence: reply.amount(),
    elsewhere: elsewhere(reply.text()),
  };
}

function elsewhere(text: string): Elsewhere {
  const [limit, ...others] = text.split(' ');
  // What is settled elsewhere is negative when more was corrected downwards than booked there.
  const [granted, settled, reserved, leased, ...more] = others.map((part, index) =>
    index === 1 && part.startsWith('-')
      ? ((0 - amountOf(part.slice(1))) as Amount)
      : amountOf(part),
  );
  if (
    limit === undefined ||
    granted === undefined ||
    settled === undefined ||
    reserved === undefined ||
    leased === undefined ||
    more.length > 0
  ) {
    throw new ReplyMalformed('a copy does not say what is elsewhere');
  }
  return { limit: limit === '-' ? null : amountOf(limit), granted, settled, reserved, leased };
}

function amountOf(text: string): Amount {
  const value = Number(text);
  if (!isAmount(value) || String(value) !== text) throw new ReplyMalformed('no amount elsewhere');
  return value;
}

function rejectionCode(word: string): RejectionCode {
  if (!CODES.has(word)) throw new ReplyMalformed(`no code: ${word.slice(0, 40)}`);
  return word as RejectionCode;
}

/** The state behind a letter. */
export function legState(letter: string): LegState {
  const state = STATES[letter];
  if (state === undefined) throw new ReplyMalformed(`no state: ${letter.slice(0, 40)}`);
  return state;
}

/** Undoes the encoding of a fingerprint as one word. */
export function decodeFingerprint(word: string): Fingerprint {
  try {
    return decodeURIComponent(word) as Fingerprint;
  } catch {
    throw new ReplyMalformed('a fingerprint does not read back');
  }
}

/** JSON that a caller gave. */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new ReplyMalformed('terms do not read back');
  }
}
