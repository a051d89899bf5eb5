/**
 * What is elsewhere of an account, as its copy keeps it: what that leaves for the lease, which is all that the
 * scripts read, and the sums and terms that only this driver does.
 *
 * Numbers take as many bytes as they need (seven bits each), because a copy of up to 64 bytes a value is kept in
 * one piece by Redis.
 */
import {
  type Amount,
  type Elsewhere,
  instant,
  isAmount,
  leftForLease,
  type SignedAmount,
} from '@bursar/core';
import type { PackedReader } from './packed-reader.ts';
import { ReplyMalformed } from './reply-reader.ts';

const LEFT_BYTES = 8;
const BYTES_MAX = 128;
/** What may be left out, or is said by a flag. */
const NO_LIMIT = 1;
const IS_SETTLED_NEGATIVE = 2;
const HAS_TERMS = 4;
const ARE_TERMS_OTHERS = 8;
const TERMS_NO_LIMIT = 16;
const IS_ENFORCED = 32;

/** What `unpackElsewhere` undoes. */
export function packElsewhere(elsewhere: Elsewhere): Uint8Array {
  const { limit, granted, settled, reserved, leased, terms } = elsewhere;
  const bytes = Buffer.alloc(BYTES_MAX);
  bytes.writeDoubleLE(leftForLease(elsewhere), 0);
  // Most often the account's own limit is the one of its terms.
  const areOthers = terms !== undefined && (terms.limit !== limit || terms.granted !== granted);
  const flags =
    (limit === null ? NO_LIMIT : 0) |
    (settled < 0 ? IS_SETTLED_NEGATIVE : 0) |
    (terms === undefined ? 0 : HAS_TERMS) |
    (areOthers ? ARE_TERMS_OTHERS : 0) |
    (areOthers && terms.limit === null ? TERMS_NO_LIMIT : 0) |
    (terms?.isEnforced === true ? IS_ENFORCED : 0);
  bytes[LEFT_BYTES] = flags;
  const numbers = [limit ?? 0, granted, Math.abs(settled), reserved, leased];
  if (areOthers) numbers.push(terms.limit ?? 0, terms.granted);
  if (terms !== undefined) numbers.push(terms.version, terms.sinceMs);
  let at = LEFT_BYTES + 1;
  for (const number of numbers) at = writeNumber(number, bytes, at);
  return bytes.subarray(0, at);
}

/** Throws `ReplyMalformed`. */
export function unpackElsewhere(reader: PackedReader): Elsewhere {
  reader.double();
  const flags = reader.byte();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const limit = readNumber(reader);
  const granted = readNumber(reader);
  const settled = readNumber(reader);
  const sums = {
    limit: has(NO_LIMIT) ? null : limit,
    granted,
    // Negative when more was corrected downwards than was booked there.
    settled: (has(IS_SETTLED_NEGATIVE) ? 0 - settled : settled) as SignedAmount,
    reserved: readNumber(reader),
    leased: readNumber(reader),
  };
  if (!has(HAS_TERMS)) return ended(reader, sums);
  const areOthers = has(ARE_TERMS_OTHERS);
  const otherLimit = areOthers ? readNumber(reader) : limit;
  const isUnlimited = has(areOthers ? TERMS_NO_LIMIT : NO_LIMIT);
  const terms = {
    limit: isUnlimited ? null : otherLimit,
    granted: areOthers ? readNumber(reader) : granted,
    isEnforced: has(IS_ENFORCED),
    version: readNumber(reader),
    sinceMs: instant(readNumber(reader)),
  };
  return ended(reader, { ...sums, terms });
}

function ended(reader: PackedReader, elsewhere: Elsewhere): Elsewhere {
  reader.end();
  return elsewhere;
}

/** Seven bits a byte, the low ones first; all but the last byte have the eighth bit. */
function writeNumber(value: number, bytes: Buffer, from: number): number {
  let rest = value;
  let at = from;
  for (; rest >= 0x80; at += 1) {
    bytes[at] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at] = rest;
  return at + 1;
}

function readNumber(reader: PackedReader): Amount {
  let value = 0;
  for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
    const byte = reader.byte();
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      if (isAmount(value)) return value;
      break;
    }
  }
  throw new ReplyMalformed('no amount elsewhere');
}
