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
const EMPTY = Buffer.alloc(0);

/** `words` are names and values: `v` begins an event, and anything else one of another layout, or not ours. */
function decodeEvents(
  position: JournalPosition,
  words: readonly Buffer[],
): readonly (JournalEvent | MalformedEvent)[] {
  return groups(words).map((group) => {
    try {
      return isPacked(group)
        ? decodeEvent(position, group)
        : decodeEventTexts(position, group.map(String));
    } catch (error) {
      if (!(error instanceof ReplyMalformed)) throw error;
      const malformed = group.map(shown).join(' ').slice(0, MALFORMED_LENGTH_MAX);
      return { position, malformed };
    }
  });
}

/** A name or value as a person can read it, and a database keep it. */
function shown(word: Buffer): string {
  const text = String(word);
  return /[\p{Cc}\ufffd]/u.test(text) ? word.toString('base64') : text;
}

function isPacked([name]: readonly Buffer[]): boolean {
  return String(name) === 'v';
}

/** Names and values of each event. */
function groups(words: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const found: Buffer[][] = [];
  for (let index = 0; index < words.length; index += 2) {
    const pair = words.slice(index, index + 2);
    const name = String(pair[0]);
    const last = found.at(-1);
    if (name === 'v' || name === 'e' || last === undefined) found.push(pair);
    else last.push(...pair);
  }
  return found;
}

function decodeEvent(position: JournalPosition, group: readonly Buffer[]): JournalEvent {
  const [, packed, d, detailText, m, madeText, ...more] = group;
  if (packed === undefined || detailText === undefined || madeText === undefined) {
    throw new ReplyMalformed('no event');
  }
  if (String(d) !== 'd' || String(m) !== 'm' || more.length > 0) {
    throw new ReplyMalformed('no event');
  }
  const reader = new PackedReader(packed);
  const state = legState(reader.binary(1));
  const amount = reader.amount();
  const spent = reader.amount();
  const deadlineAtMs = reader.instant();
  const flags = reader.byte();
  const atMs = reader.instant();
  const id = reader.binary(reader.byte());
  const places = Array.from({ length: reader.count(LEGS_MAX) }, () => {
    const place = reader.part(reader.byte());
    const [startAtMs, endAtMs] = [place.instant(), place.instant()];
    return { startAtMs, endAtMs, lease: unpackLease(place.binary(place.left)) };
  });
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
  return {
    position,
    reservation: idOf(id),
    legs: places.map((place, index) => ({ account: accounts[index] as AccountId, ...place })),
    state,
    amount,
    spent,
    deadlineAtMs,
    dispatched: (flags & IS_DISPATCHED) !== 0,
    atMs,
    detail,
    ...(made === undefined || createdAtMs === undefined
      ? {}
      : { made: { fingerprint: made.fingerprint, terms: made.terms, createdAtMs } }),
  };
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
    const [position = EMPTY, count = EMPTY] = words.slice(at, at + 2);
    const end = at + 2 + Number(String(count));
    if (!(end > at + 1 && end <= words.length)) throw new ReplyMalformed('no page of a journal');
    events.push(...decodeEvents(String(position), words.slice(at + 2, end)));
    at = end;
  }
  return events;
}
