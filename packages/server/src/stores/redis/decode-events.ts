/** From entries of a shard's journal to their events. What does not read back is shown, never skipped. */
import {
  type AccountId,
  type JournalEvent,
  type JournalPosition,
  LEGS_MAX,
  type MalformedEvent,
  type ReservationId,
} from '@bursar/core';
import { decodeMade, legState, parseJson } from './decode-answer.ts';
import { decodeEventTexts } from './decode-event-texts.ts';
import { unpackLease } from './pack-lease.ts';
import { PackedReader, uuidOf } from './packed-reader.ts';
import { ReplyMalformed } from './reply-reader.ts';
import { readStatus } from './run-script.ts';

const MALFORMED_LENGTH_MAX = 1_000;
const IS_DISPATCHED = 1;
const IS_FIRST = 4;
const UUID_BYTES = 16;
const INTERVAL_BYTES = 16;
const EMPTY = Buffer.alloc(0);
/** What an event begins with (of this layout, the second, the first), and names its detail and what it was made with. */
const [PACKED, PACKED_SECOND, IN_WORDS, DETAIL, MADE] = [...Buffer.from('wvedm')] as [
  number,
  number,
  number,
  number,
  number,
];
/** Names and values of an event. */
const WORDS = 6;

/**
 * The events among `words` from `at` to `end`, onto `events`. They are names and values: `w` begins an event, `v` one of the
 * second layout, and anything else one of the first, or not ours.
 */
function decodeEvents(
  position: JournalPosition,
  words: readonly Buffer[],
  at: number,
  end: number,
  events: (JournalEvent | MalformedEvent)[],
): void {
  let from = at;
  while (from < end) {
    let to = from + 2;
    while (to < end && !isBeginning(words[to])) to += 2;
    to = Math.min(to, end);
    events.push(decodeGroup(position, words, from, to));
    from = to;
  }
}

/** One event, from its names and values. */
function decodeGroup(
  position: JournalPosition,
  words: readonly Buffer[],
  from: number,
  to: number,
): JournalEvent | MalformedEvent {
  try {
    return isPacked(words[from])
      ? decodeEvent(position, words, from, to)
      : decodeEventTexts(position, words.slice(from, to).map(String));
  } catch (error) {
    if (!(error instanceof ReplyMalformed)) throw error;
    const malformed = words.slice(from, to).map(shown).join(' ').slice(0, MALFORMED_LENGTH_MAX);
    return { position, malformed };
  }
}

/** A name or value as a person can read it, and a database keep it. */
function shown(word: Buffer): string {
  const text = String(word);
  return /[\p{Cc}\ufffd]/u.test(text) ? word.toString('base64') : text;
}

function isLetter(word: Buffer | undefined, letter: number): boolean {
  return word !== undefined && word.length === 1 && word[0] === letter;
}

function isPacked(word: Buffer | undefined): boolean {
  return isLetter(word, PACKED) || isLetter(word, PACKED_SECOND);
}

function isBeginning(word: Buffer | undefined): boolean {
  return isPacked(word) || isLetter(word, IN_WORDS);
}

function decodeEvent(
  position: JournalPosition,
  words: readonly Buffer[],
  from: number,
  to: number,
): JournalEvent {
  const packed = words[from + 1];
  const detailText = words[from + 3];
  const madeText = words[from + 5];
  if (
    to - from !== WORDS ||
    packed === undefined ||
    detailText === undefined ||
    madeText === undefined ||
    !isLetter(words[from + 2], DETAIL) ||
    !isLetter(words[from + 4], MADE)
  ) {
    throw new ReplyMalformed('no event');
  }
  const reader = new PackedReader(packed);
  const state = legState(reader.binary(1));
  const amount = reader.amount();
  const spent = reader.amount();
  const deadlineAtMs = reader.instant();
  const flags = reader.byte();
  const atMs = reader.instant();
  const reservation = idOf(reader.binary(reader.byte()));
  const isSecond = isLetter(words[from], PACKED_SECOND);
  const places: Omit<JournalEvent['legs'][number], 'account'>[] = [];
  for (let left = reader.count(LEGS_MAX); left > 0; left -= 1) {
    // The second layout says first how long it is.
    const length = isSecond ? reader.byte() : undefined;
    const startAtMs = reader.instant();
    const endAtMs = reader.instant();
    const leaseLength = length === undefined ? reader.byte() : length - INTERVAL_BYTES;
    if (leaseLength < 0) throw new ReplyMalformed('no event');
    places.push({ startAtMs, endAtMs, lease: unpackLease(reader.binary(leaseLength)) });
  }
  reader.end();
  const detail = parseJson(String(detailText));
  const isFirst = (flags & IS_FIRST) !== 0;
  const rest = new PackedReader(madeText);
  const createdAtMs = isFirst ? rest.instant() : undefined;
  const made = isFirst ? decodeMade(rest.text(rest.left)) : undefined;
  const accounts = made?.accounts ?? (rest.text(rest.left).split(',') as AccountId[]);
  if (accounts.length !== places.length) {
    throw new ReplyMalformed('no event');
  }
  const event = {
    position,
    reservation,
    legs: places.map(({ lease, startAtMs, endAtMs }, index) => ({
      account: accounts[index] as AccountId,
      lease,
      startAtMs,
      endAtMs,
    })),
    state,
    amount,
    spent,
    deadlineAtMs,
    dispatched: (flags & IS_DISPATCHED) !== 0,
    atMs,
    detail,
  };
  if (made === undefined || createdAtMs === undefined) return event;
  const { fingerprint, terms } = made;
  return { ...event, made: { fingerprint, terms, createdAtMs } };
}

/** The tenant and the slash, and the UUID in sixteen bytes. */
function idOf(binary: string): ReservationId {
  const tenant = binary.length - UUID_BYTES;
  if (tenant < 2 || binary.charAt(tenant - 1) !== '/') throw new ReplyMalformed('no event');
  return (binary.slice(0, tenant) + uuidOf(binary.slice(tenant))) as ReservationId;
}

/** Events, and what does not read back, of a page of a journal. */
export function decodePage([status = EMPTY, ...words]: readonly Buffer[]): readonly (
  | JournalEvent
  | MalformedEvent
)[] {
  readStatus(String(status), undefined);
  const events: (JournalEvent | MalformedEvent)[] = [];
  for (let at = 0; at < words.length;) {
    const end = at + 2 + Number(String(words[at + 1] ?? EMPTY));
    if (!(end > at + 1 && end <= words.length)) throw new ReplyMalformed('no page of a journal');
    decodeEvents(String(words[at]), words, at + 2, end, events);
    at = end;
  }
  return events;
}
