/** From what `run-commands.lua` packed to an answer. */
import {
  type AccountId,
  CopiesFenced,
  type CopyAnswer,
  type Fingerprint,
  type InstantMs,
  type JournalPosition,
  type Json,
  LEGS_MAX,
  type LegState,
  type LimiterId,
  type RateAnswer,
  RATES_MAX,
  type RejectionCode,
  type ReservationId,
} from '@bursar/core';
import { unpackLease } from './pack-lease.ts';
import type { PackedReader } from './packed-reader.ts';
import { accountAt, type CopyReader } from './read-copy.ts';
import { ReplyMalformed } from './reply-reader.ts';
import { wrongType } from './run-script.ts';

/** What a reservation was made with, as far as a caller is told. */
export interface Made {
  readonly fingerprint: Fingerprint;
  readonly terms: Json;
}

/** What belongs to a whole call, and to the command. */
export interface AnswerContext {
  /** The reservation that the command named. */
  readonly reservation: ReservationId | null;
  /** Of the call, in the order of its keys. */
  readonly accounts: readonly AccountId[];
  readonly limiters: readonly LimiterId[];
  readonly copies: CopyReader;
  /** What the reservation was made with, where an answer leaves that out. */
  readonly madeWith: (createdAtMs: InstantMs) => Made | undefined;
  readonly nowMs: InstantMs;
  readonly position: JournalPosition;
}

/** The command needs the keys of more accounts or limiters, and changed nothing. */
export interface Widen {
  readonly answer: 'widen';
  readonly accounts: readonly AccountId[];
  readonly limiters: readonly LimiterId[];
}

/** Answers, as reply.lua numbers them. */
const ANSWERS = [
  undefined,
  'done',
  'short',
  'missing',
  'unknown',
  'period',
  'rejected',
  'swept',
  'prepared',
  'busy',
  'copy',
  'none',
  'found',
  'WIDEN',
  'LIMITERS',
  'WRONGTYPE',
  'DAMAGED',
] as const;

const IS_REPLAYED = 1;
const IS_LATE = 2;
const IS_TOLD = 4;
const IS_DISPATCHED = 1;
/** What a record begins with: the instant of its making. */
const CREATED_BYTES = 8;

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

/**
 * Reads the next answer of a reply. Throws `ReplyMalformed`; and, having read it, `CopiesFenced` for data that
 * contradict themselves and `store_unavailable` for a key that holds something else.
 */
export function decodeAnswer(reply: PackedReader, context: AnswerContext): CopyAnswer | Widen {
  const status = ANSWERS[reply.byte()];
  switch (status) {
    case 'done':
      return done(reply, context);
    case 'short':
      return short(reply, context);
    case 'missing':
      return { answer: 'missing', accounts: texts(reply) as AccountId[] };
    case 'unknown':
      return { answer: 'unknown' };
    case 'period':
      return { answer: 'period_mismatch', nowMs: context.nowMs };
    case 'rejected':
      return { answer: 'rejected', code: rejectionCode(firstText(reply)) };
    case 'swept':
      return { answer: 'swept', ended: reply.amount() };
    case 'prepared':
      return { answer: 'prepared', ticket: reply.amount() };
    case 'busy':
      return { answer: 'busy', forMs: reply.amount() };
    case 'copy':
      return { answer: 'copy', copy: context.copies.read(reply) };
    case 'none':
      return { answer: 'copy', copy: null };
    case 'found':
      return looked(reply, context);
    case 'WIDEN':
      return { answer: 'widen', accounts: texts(reply) as AccountId[], limiters: [] };
    case 'LIMITERS':
      return { answer: 'widen', accounts: [], limiters: texts(reply) as LimiterId[] };
    case 'WRONGTYPE':
      throw wrongType(firstText(reply));
    case 'DAMAGED':
      throw new CopiesFenced(`the data contradict themselves: ${firstText(reply).slice(0, 120)}`);
    default:
      throw new ReplyMalformed('no answer');
  }
}

function done(reply: PackedReader, context: AnswerContext): CopyAnswer {
  const flags = reply.byte();
  const overage = reply.amount();
  const count = reply.count(LEGS_MAX);
  const rateCount = reply.count(RATES_MAX);
  const isTold = (flags & IS_TOLD) !== 0;
  if (isTold && context.position === '') throw new ReplyMalformed('an event without a position');
  const { id, made, state, amount, spent, deadlineAtMs, dispatched } = found(reply, context);
  const { fingerprint, terms, createdAtMs } = made;
  const copies = list(count, () => context.copies.read(reply));
  const accounts = copies.map(({ account }) => account);
  const leases = copies.map(({ lease }) => lease);
  const answer: CopyAnswer = {
    answer: 'done',
    found: {
      reservation: { id, fingerprint, terms, createdAtMs, accounts },
      leases,
      state,
      amount,
      spent,
      deadlineAtMs,
      dispatched,
    },
    replayed: (flags & IS_REPLAYED) !== 0,
    overage,
    late: (flags & IS_LATE) !== 0,
    copies,
    position: isTold ? context.position : null,
    nowMs: context.nowMs,
  };
  return rateCount === 0
    ? answer
    : { ...answer, rates: list(rateCount, () => rate(reply, context.limiters)) };
}

function looked(reply: PackedReader, context: AnswerContext): CopyAnswer {
  const { id, made, ...leg } = found(reply, context);
  const places = list(reply.count(LEGS_MAX), () => ({
    account: accountAt(reply, context.accounts),
    lease: unpackLease(reply.binary(reply.byte())),
  }));
  const accounts = places.map(({ account }) => account);
  const leases = places.map(({ lease }) => lease);
  return { answer: 'found', found: { reservation: { id, ...made, accounts }, leases, ...leg } };
}

function short(reply: PackedReader, { accounts, limiters, copies }: AnswerContext): CopyAnswer {
  const count = reply.count(LEGS_MAX);
  const rateCount = reply.count(RATES_MAX);
  const copyCount = reply.count(LEGS_MAX);
  const shortfalls = list(count, () => ({
    account: accountAt(reply, accounts),
    missing: reply.amount(),
  }));
  return {
    answer: 'short',
    shortfalls,
    copies: list(copyCount, () => copies.read(reply)),
    ...(rateCount === 0 ? {} : { rates: list(rateCount, () => rate(reply, limiters)) }),
  };
}

/** A reservation without its accounts. */
function found(reply: PackedReader, { reservation: id, madeWith }: AnswerContext) {
  if (id === null) throw new ReplyMalformed('a reservation nobody asked for');
  const length = reply.length();
  if (length < CREATED_BYTES) throw new ReplyMalformed('a reservation that was never made');
  const createdAtMs = reply.instant();
  const isLeftOut = length === CREATED_BYTES;
  const made = isLeftOut ? madeWith(createdAtMs) : decodeMade(reply.text(length - CREATED_BYTES));
  if (made === undefined) throw new ReplyMalformed('a reservation that was made with nothing');
  const { fingerprint, terms } = made;
  return {
    id,
    made: { fingerprint, terms, createdAtMs },
    state: legState(reply.binary(1)),
    amount: reply.amount(),
    spent: reply.amount(),
    deadlineAtMs: reply.instant(),
    // Whether the journal knows of it is the scripts' business.
    dispatched: (reply.byte() & IS_DISPATCHED) !== 0,
  };
}

/** What a record says after the instant of its making: accounts, what it took, fingerprint, terms. */
export function decodeMade(text: string): Made & { readonly accounts: readonly AccountId[] } {
  const [accounts = '', , fingerprint, terms, ...more] = text.split('\n');
  if (fingerprint === undefined || terms === undefined || more.length > 0) {
    throw new ReplyMalformed('what a reservation was made with does not read back');
  }
  return {
    accounts: accounts.split(',') as AccountId[],
    fingerprint: decodeFingerprint(fingerprint),
    terms: parseJson(terms),
  };
}

function list<T>(count: number, read: () => T): readonly T[] {
  const items: T[] = [];
  while (items.length < count) items.push(read());
  return items;
}

function text(reply: PackedReader): string {
  return reply.text(reply.short());
}

function texts(reply: PackedReader): readonly string[] {
  return list(reply.short(), () => text(reply));
}

function firstText(reply: PackedReader): string {
  return texts(reply)[0] ?? '';
}

function rate(reply: PackedReader, limiters: readonly LimiterId[]): RateAnswer {
  const limiter = limiters[reply.short() - 1];
  if (limiter === undefined) throw new ReplyMalformed('a limiter nobody asked for');
  const admits = reply.byte() !== 0;
  const limit = reply.amount();
  const used = reply.amount();
  const resetAtMs = reply.instant();
  const retryAtMs = reply.instantOrNever();
  const remaining = Math.max(0, limit - used);
  return { limiter, admits, view: { limit, used, remaining, resetAtMs, retryAtMs } };
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

/** The answer in the order in which the caller named the accounts; the script was given them sorted. */
export function inOrderOf(accounts: readonly AccountId[], answer: CopyAnswer): CopyAnswer {
  const places = new Map(accounts.map((account, index) => [account, index]));
  const place = (account: AccountId) => places.get(account) ?? LEGS_MAX;
  const byPlace = <T extends { readonly account: AccountId }>(items: readonly T[]) =>
    items.toSorted((a, b) => place(a.account) - place(b.account));
  if (answer.answer === 'missing') {
    return { ...answer, accounts: answer.accounts.toSorted((a, b) => place(a) - place(b)) };
  }
  if (answer.answer !== 'short') return answer;
  return { ...answer, shortfalls: byPlace(answer.shortfalls), copies: byPlace(answer.copies) };
}
