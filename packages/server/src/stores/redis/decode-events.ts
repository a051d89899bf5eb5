/** From an entry of a shard's journal to its events. What does not read back is shown, never skipped. */
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

const MALFORMED_LENGTH_MAX = 1_000;
const IS_DISPATCHED = 1;
const IS_FIRST = 4;
const CREATED_BYTES = 8;
const UUID_BYTES = 16;

/** `words` are names and values: `v` is an event, and anything else of another layout, or not ours. */
export function decodeEvents(
  position: JournalPosition,
  words: readonly Buffer[],
): readonly (JournalEvent | MalformedEvent)[] {
  return groups(words).map((group) => {
    try {
      const [name, packed] = group;
      return name === 'v' && typeof packed !== 'string' && packed !== undefined
        ? decodeEvent(position, packed)
        : decodeEventTexts(position, group.map(String));
    } catch (error) {
      if (!(error instanceof ReplyMalformed)) throw error;
      const shown = group.map((word) =>
        typeof word === 'string' ? word : word.toString('base64'),
      );
      return { position, malformed: shown.join(' ').slice(0, MALFORMED_LENGTH_MAX) };
    }
  });
}

/** Names and values of each event; the value of `v` as bytes, everything else as text. */
function groups(words: readonly Buffer[]): readonly (readonly (string | Buffer)[])[] {
  const found: (string | Buffer)[][] = [];
  for (let index = 0; index < words.length; index += 2) {
    const name = String(words[index]);
    const value = words[index + 1];
    const pair = value === undefined ? [name] : [name, name === 'v' ? value : String(value)];
    const last = found.at(-1);
    if (name === 'v' || name === 'e' || last === undefined || last[0] === 'v') found.push(pair);
    else last.push(...pair);
  }
  return found;
}

function decodeEvent(position: JournalPosition, packed: Buffer): JournalEvent {
  const reader = new PackedReader(packed);
  const state = legState(reader.binary(1));
  const amount = reader.amount();
  const spent = reader.amount();
  const deadlineAtMs = reader.instant();
  const flags = reader.byte();
  const atMs = reader.instant();
  const id = reader.binary(reader.byte());
  const places = Array.from({ length: reader.count(LEGS_MAX) }, () => ({
    startAtMs: reader.instant(),
    endAtMs: reader.instant(),
    lease: unpackLease(reader.binary(reader.byte())),
  }));
  const detail = parseJson(reader.text(reader.length()));
  const isFirst = (flags & IS_FIRST) !== 0;
  const createdAtMs = isFirst && reader.left >= CREATED_BYTES ? reader.instant() : undefined;
  const rest = reader.text(reader.left);
  const made = isFirst ? decodeMade(rest) : undefined;
  const accounts = made?.accounts ?? (rest.split(',') as AccountId[]);
  if (accounts.length !== places.length || (isFirst && createdAtMs === undefined)) {
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
