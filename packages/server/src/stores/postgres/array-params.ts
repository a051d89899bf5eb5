/**
 * Columns of many rows as parameters of a statement: PostgreSQL's binary arrays, for `unnest`.
 *
 * As text each value is escaped here and parsed there, which took both sides a good part of what it takes to book a
 * call. Both drivers send a buffer as it is. Layout: `array_recv` and the `recv` functions of the element types in
 * PostgreSQL's source; the statement casts the parameter, so a wrong type is refused, never misread.
 */
import { assert } from '@bursar/core';

/** Ids of the element types, as in `pg_type`. */
const BOOL = 16;
const INT8 = 20;
const TEXT = 25;
const TIMESTAMPTZ = 1184;
const JSONB = 3802;

/** Dimensions, whether there are nulls, element type; then the length and the first index of the dimension. */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const IS_NULL = -1;
/** Room for the length of the element after it. */
const LENGTH_GAP = '\0\0\0\0';
const JSONB_VERSION = '\u0001';
const TWO_TO_32 = 2 ** 32;
/** Instants of PostgreSQL count from 2000-01-01, in microseconds. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
/** What comes before or after is an instant to PostgreSQL, too, but its text does not read back everywhere. */
const INSTANT_MIN_MS = Date.parse('0001-01-01T00:00:00.000Z');
const INSTANT_MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** For `::text[]`. */
export function texts(values: readonly (string | null)[]): Buffer {
  return ofStrings(TEXT, values);
}

/** For `::jsonb[]`; each value is JSON already. */
export function jsons(values: readonly (string | null)[]): Buffer {
  return ofStrings(
    JSONB,
    values.map((value) => (value === null ? null : JSONB_VERSION + value)),
  );
}

/** For `::bigint[]`. Safe integers: money never passes through a float's rounding. */
export function integers(values: readonly (number | null)[]): Buffer {
  return ofFixed(INT8, 8, values, (bytes, at, value) => {
    assert(Number.isSafeInteger(value), 'a number for the database is a safe integer');
    writeInt64(bytes, at, value);
  });
}

/** For `::timestamptz[]`; milliseconds since 1970, in the years 1 to 9999. */
export function instants(values: readonly (number | null)[]): Buffer {
  return ofFixed(TIMESTAMPTZ, 8, values, (bytes, at, value) => {
    assert(
      Number.isSafeInteger(value) && value >= INSTANT_MIN_MS && value <= INSTANT_MAX_MS,
      'an instant for the database is a whole millisecond of the years 1 to 9999',
    );
    const micros = (value - POSTGRES_EPOCH_MS) * 1_000;
    if (Number.isSafeInteger(micros)) writeInt64(bytes, at, micros);
    else bytes.writeBigInt64BE(BigInt(value - POSTGRES_EPOCH_MS) * 1_000n, at);
  });
}

/** For `::boolean[]`. */
export function booleans(values: readonly (boolean | null)[]): Buffer {
  return ofFixed(BOOL, 1, values, (bytes, at, value) => {
    bytes[at] = value ? 1 : 0;
  });
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_TO_32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

/** Elements of `size` bytes each, which `write` fills in. */
function ofFixed<Value>(
  type: number,
  size: number,
  values: readonly (Value | null)[],
  write: (bytes: Buffer, at: number, value: Value) => void,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + values.length * (LENGTH_BYTES + size));
  let at = writeHeader(bytes, type, values.length);
  for (const value of values) {
    bytes.writeInt32BE(value === null ? IS_NULL : size, at);
    at += LENGTH_BYTES;
    if (value === null) continue;
    write(bytes, at, value);
    at += size;
  }
  return bytes.subarray(0, at);
}

/** Texts. They are joined first: one copy of all of them is cheaper than one of each. */
function ofStrings(type: number, values: readonly (string | null)[]): Buffer {
  // Of what is absent nothing is joined.
  const joined = values.length === 0 ? '' : LENGTH_GAP + values.join(LENGTH_GAP);
  const length = Buffer.byteLength(joined);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
  const isAscii = length === joined.length;
  let at = writeHeader(bytes, type, values.length);
  bytes.write(joined, at, isAscii ? 'latin1' : 'utf8');
  for (const value of values) {
    const size = value === null || isAscii ? (value?.length ?? 0) : Buffer.byteLength(value);
    bytes.writeInt32BE(value === null ? IS_NULL : size, at);
    at += LENGTH_BYTES + size;
  }
  return bytes.subarray(0, at);
}

function writeHeader(bytes: Buffer, type: number, length: number): number {
  bytes.writeInt32BE(length === 0 ? 0 : 1, 0);
  // Whether there are nulls: a hint that is not believed.
  bytes.writeInt32BE(0, 4);
  bytes.writeUInt32BE(type, 8);
  if (length === 0) return 12;
  bytes.writeInt32BE(length, 12);
  bytes.writeInt32BE(1, 16);
  return HEADER_BYTES;
}
