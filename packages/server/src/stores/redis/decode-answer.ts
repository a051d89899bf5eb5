/** From the words of `run-commands.lua` to an answer. */
import {
  type AccountId,
  type AccountTerms,
  type Amount,
  CopiesFenced,
  type Copy,
  type CopyAnswer,
  type Elsewhere,
  type Fingerprint,
  instant,
  type InstantMs,
  isAmount,
  type JournalPosition,
  type Json,
  type LeaseId,
  LEGS_MAX,
  type LegState,
  type LimiterId,
  type RateAnswer,
  RATES_MAX,
  type RejectionCode,
  type ReservationId,
  type SignedAmount,
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

/** The command needs the keys of more accounts or limiters, and changed nothing. */
export interface Widen {
  readonly answer: 'widen';
  readonly accounts: readonly AccountId[];
  readonly limiters: readonly LimiterId[];
}

/** Words that say what is elsewhere, and those about the terms behind them. */
const SUMS_ELSEWHERE = 5;
const TERMS_WORDS = 5;

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
      return looked(reply, context);
    case 'WIDEN':
      return { answer: 'widen', accounts: reply.rest() as AccountId[], limiters: [] };
    case 'LIMITERS':
      return { answer: 'widen', accounts: [], limiters: reply.rest() as LimiterId[] };
    case 'WRONGTYPE':
      throw wrongType(reply.text());
    case 'DAMAGED':
      throw new CopiesFenced(`the data contradict themselves: ${reply.text().slice(0, 120)}`);
    default:
      throw new ReplyMalformed(`no answer: ${status.slice(0, 40)}`);
  }
}

function done(reply: ReplyReader, context: AnswerContext): CopyAnswer {
  const facts = reply.words();
  const replayed = facts.flag();
  const overage = facts.amount();
  const late = facts.flag();
  const isTold = facts.flag();
  const rateCount = facts.isAtEnd ? 0 : facts.count(RATES_MAX);
  facts.end();
  if (isTold && context.position === '') throw new ReplyMalformed('an event without a position');
  const { leg, made } = found(reply, context);
  const copies = rest(reply, copy, rateCount);
  const accounts = copies.map(({ account }) => account);
  const leases = copies.map(({ lease }) => lease);
  return {
    answer: 'done',
    found: { reservation: { ...made, accounts }, leases, ...leg },
    replayed,
    overage,
    late,
    copies,
    position: isTold ? context.position : null,
    nowMs: context.nowMs,
    ...rates(reply, rateCount),
  };
}

function looked(reply: ReplyReader, context: AnswerContext): CopyAnswer {
  const { leg, made } = found(reply, context);
  const places = rest(reply, (words) => ({
    account: words.text() as AccountId,
    lease: words.text() as LeaseId,
  }));
  const accounts = places.map(({ account }) => account);
  const leases = places.map(({ lease }) => lease);
  return { answer: 'found', found: { reservation: { ...made, accounts }, leases, ...leg } };
}

function short(reply: ReplyReader): CopyAnswer {
  const counts = reply.words();
  const count = counts.count(LEGS_MAX);
  const rateCount = counts.isAtEnd ? 0 : counts.count(RATES_MAX);
  counts.end();
  const shortfalls = Array.from({ length: count }, () => ({
    account: reply.text() as AccountId,
    missing: reply.amount(),
  }));
  const copies = rest(reply, copy, rateCount);
  return { answer: 'short', shortfalls, copies, ...rates(reply, rateCount) };
}

/** A reservation without its accounts. */
function found(reply: ReplyReader, context: AnswerContext) {
  if (context.reservation === null) throw new ReplyMalformed('a reservation nobody asked for');
  const words = reply.words();
  const fingerprint = decodeFingerprint(words.text());
  const createdAtMs = words.instant();
  const leg = {
    state: legState(words.text()),
    amount: words.amount(),
    spent: words.amount(),
    deadlineAtMs: words.instant(),
    dispatched: words.flag(),
  };
  // Whether the journal knows of it is the scripts' business.
  words.flag();
  words.end();
  const terms = parseJson(reply.text());
  return { leg, made: { id: context.reservation, fingerprint, terms, createdAtMs } };
}

/** Everything that is left but `rateCount` rates, one after the other; at most one for each leg. */
function rest<T>(reply: ReplyReader, read: (reply: ReplyReader) => T, rateCount = 0): readonly T[] {
  const items: T[] = [];
  while (reply.left > 2 * rateCount) items.push(read(reply));
  if (items.length > LEGS_MAX)
    throw new ReplyMalformed('more accounts than a reservation can have');
  return items;
}

/** How `count` limiters stand; no field at all if there are none. */
function rates(reply: ReplyReader, count: number): { readonly rates?: readonly RateAnswer[] } {
  return count === 0 ? {} : { rates: Array.from({ length: count }, () => rate(reply)) };
}

function rate(reply: ReplyReader): RateAnswer {
  const limiter = reply.text() as LimiterId;
  const words = reply.words();
  const admits = words.flag();
  const limit = words.amount();
  const used = words.amount();
  const resetAtMs = words.instant();
  const retryAtMs = words.textIf('-') ? null : words.instant();
  words.end();
  const remaining = Math.max(0, limit - used);
  return { limiter, admits, view: { limit, used, remaining, resetAtMs, retryAtMs } };
}

function copy(reply: ReplyReader): Copy {
  const account = reply.text() as AccountId;
  const words = reply.words();
  // Its label, which the script has checked.
  words.text();
  const sums = {
    lease: words.text() as LeaseId,
    startAtMs: words.instant(),
    endAtMs: words.instant(),
    drawn: words.amount(),
    returned: words.amount(),
    settled: words.amount(),
    reserved: words.amount(),
    sequence: words.amount(),
  };
  words.end();
  return { account, ...sums, elsewhere: elsewhere(reply.text()) };
}

function elsewhere(text: string): Elsewhere {
  const words = text.split(' ');
  if (words.length !== SUMS_ELSEWHERE && words.length !== SUMS_ELSEWHERE + TERMS_WORDS) {
    throw new ReplyMalformed('a copy does not say what is elsewhere');
  }
  const [limit = '', granted = '', settled = '', reserved = '', leased = '', ...terms] = words;
  return {
    limit: limitOf(limit),
    granted: amountOf(granted),
    // Negative when more was corrected downwards than was booked there.
    settled: settled.startsWith('-')
      ? ((0 - amountOf(settled.slice(1))) as SignedAmount)
      : amountOf(settled),
    reserved: amountOf(reserved),
    leased: amountOf(leased),
    ...(terms.length === 0 ? {} : { terms: termsOf(terms) }),
  };
}

/** What `encodeElsewhere` made of an account's terms. */
function termsOf([
  limit = '',
  granted = '',
  enforced,
  version = '',
  sinceMs = '',
]: string[]): AccountTerms {
  if (enforced !== '0' && enforced !== '1') throw new ReplyMalformed('no terms elsewhere');
  return {
    limit: limitOf(limit),
    granted: amountOf(granted),
    isEnforced: enforced === '1',
    version: amountOf(version),
    sinceMs: instant(amountOf(sinceMs)),
  };
}

function limitOf(text: string): Amount | null {
  return text === '-' ? null : amountOf(text);
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
