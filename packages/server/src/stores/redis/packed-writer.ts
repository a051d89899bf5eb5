/**
 * Packs what a script is told: one value after the other, as MessagePack has them, which Redis takes apart in
 * one call of a library, with numbers that are numbers.
 *
 * Only what is needed: numbers and flags, and text as bytes. Ids are written byte by byte, because a call into
 * the library for each of so many short texts costs more than the bytes.
 */
import { assert } from '@bursar/core';

const INITIAL_BYTES = 16_384;
/** Longest text that is written here instead of by the library. */
const SHORT_TEXT_MAX = 48;
const DASH = 0x2d;
const UUID_BYTES = 16;
/** Most bytes of one character of a JavaScript text in UTF-8. */
const BYTES_A_CHARACTER = 3;

/** A growing piece of memory that is used over and over. */
export class PackedWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** Begins anew. What `packed` returned before is overwritten from now on. */
  reset(): void {
    this.#at = 0;
  }

  /** Everything since `reset`: a view that is good until the next one. */
  packed(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** A whole number from −2^53 + 1 to 2^53 − 1. */
  number(value: number): void {
    this.#reserve(9);
    if (value >= 0 && value < 0x80) {
      this.#buffer[this.#at] = value;
      this.#at += 1;
      return;
    }
    this.#buffer[this.#at] = 0xcb;
    this.#buffer.writeDoubleBE(value, this.#at + 1);
    this.#at += 9;
  }

  flag(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#at] = value ? 0xc3 : 0xc2;
    this.#at += 1;
  }

  /** Any text, as UTF-8. */
  text(text: string): void {
    const most = text.length * BYTES_A_CHARACTER;
    this.#reserve(most + 5);
    const isShort = most <= 0xffff;
    const at = this.#at + (isShort ? 3 : 5);
    const length = this.#buffer.write(text, at, 'utf8');
    if (isShort) {
      this.#buffer[this.#at] = 0xda;
      this.#buffer.writeUInt16BE(length, this.#at + 1);
    } else {
      this.#buffer[this.#at] = 0xdb;
      this.#buffer.writeUInt32BE(length, this.#at + 1);
    }
    this.#at = at + length;
  }

  /** Text of ASCII characters. */
  ascii(text: string): void {
    this.#header(text.length);
    this.#characters(text, text.length);
  }

  bytes(bytes: Uint8Array): void {
    this.#header(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The id of a reservation: its tenant and the slash as they are, its UUID in sixteen bytes. */
  reservation(id: string): void {
    const slash = id.indexOf('/');
    this.#header(slash + 1 + UUID_BYTES);
    this.#characters(id, slash + 1);
    this.#at = writeUuid(id, slash + 1, this.#buffer, this.#at);
  }

  #header(length: number): void {
    this.#reserve(length + 5);
    const buffer = this.#buffer;
    if (length < 0x20) {
      buffer[this.#at] = 0xa0 | length;
      this.#at += 1;
    } else if (length <= 0xff) {
      buffer[this.#at] = 0xd9;
      buffer[this.#at + 1] = length;
      this.#at += 2;
    } else {
      assert(length <= 0xffff, 'ids and the like are short');
      buffer[this.#at] = 0xda;
      buffer.writeUInt16BE(length, this.#at + 1);
      this.#at += 3;
    }
  }

  #characters(text: string, length: number): void {
    const buffer = this.#buffer;
    if (length > SHORT_TEXT_MAX) {
      this.#at += buffer.write(text, this.#at, length, 'latin1');
      return;
    }
    const at = this.#at;
    for (let index = 0; index < length; index += 1) buffer[at + index] = text.charCodeAt(index);
    this.#at = at + length;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** Writes the UUID that begins at `from` in `text`; returns where its sixteen bytes end. */
export function writeUuid(text: string, from: number, buffer: Uint8Array, at: number): number {
  let to = at;
  for (let index = from; to < at + UUID_BYTES; index += 1) {
    const high = text.charCodeAt(index);
    if (high === DASH) continue;
    index += 1;
    buffer[to] = (digit(high) << 4) | digit(text.charCodeAt(index));
    to += 1;
  }
  return to;
}

/** The value of a lower case hexadecimal digit. */
function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
