/**
 * Reads what a script packed, piece by piece, and takes nothing for granted.
 *
 * Replies decide about money: the first piece that is not what the script promises throws.
 */
import { type Amount, AMOUNT_MAX, type InstantMs } from '@bursar/core';
import { ReplyMalformed } from './reply-reader.ts';

/** A cursor over bytes; numbers are packed as the little end first. */
export class PackedReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** A number from 0 to 255. */
  byte(): number {
    return this.#bytes[this.#skip(1)] ?? 0;
  }

  /** A number from 0 to 65,535. */
  short(): number {
    return this.#bytes.readUInt16LE(this.#skip(2));
  }

  /** A length. */
  length(): number {
    return this.#bytes.readUInt32LE(this.#skip(4));
  }

  /** A double, whatever it is. */
  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  amount(): Amount {
    const value = this.double();
    if (!(value >= 0 && value <= AMOUNT_MAX && Number.isInteger(value))) {
      throw new ReplyMalformed(`no amount: ${value}`);
    }
    return value as Amount;
  }

  instant(): InstantMs {
    return this.amount() as number as InstantMs;
  }

  /** `null` for −1. */
  instantOrNever(): InstantMs | null {
    const at = this.#at;
    if (this.double() === -1) return null;
    this.#at = at;
    return this.instant();
  }

  /** A number of things to follow, at most `max`. */
  count(max: number): number {
    const value = this.byte();
    if (value > max) throw new ReplyMalformed(`a count of ${value}`);
    return value;
  }

  /** UTF-8. */
  text(length: number): string {
    const at = this.#skip(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** A character for each byte. */
  binary(length: number): string {
    const at = this.#skip(length);
    return this.#bytes.toString('latin1', at, at + length);
  }

  /** The next `length` bytes as a piece of their own. */
  part(length: number): PackedReader {
    const at = this.#skip(length);
    return new PackedReader(this.#bytes, at, at + length);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  end(): void {
    if (!this.isAtEnd) throw new ReplyMalformed('the reply is too long');
  }

  /** Goes past the next bytes; returns where they begin. */
  #skip(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#end) throw new ReplyMalformed('the reply is too short');
    this.#at = at + bytes;
    return at;
  }
}

const HEX = Buffer.from('0123456789abcdef');
const DASH = 45;
/** Where a UUID has its dashes: before these bytes. */
const DASHES: readonly boolean[] = Array.from({ length: 16 }, (_, byte) =>
  [4, 6, 8, 10].includes(byte),
);
const UUID_BYTES = 16;
const UUID_LENGTH = 36;
const uuid = Buffer.alloc(UUID_LENGTH);

/** The UUID in sixteen bytes, a character for each. Put together in place: one text, where adding would make thirty. */
export function uuidOf(binary: string): string {
  let at = 0;
  for (let index = 0; index < UUID_BYTES; index += 1) {
    if (DASHES[index]) uuid[at++] = DASH;
    const byte = binary.charCodeAt(index);
    uuid[at++] = HEX[byte >> 4] ?? 0;
    uuid[at++] = HEX[byte & 15] ?? 0;
  }
  return uuid.toString('latin1');
}
