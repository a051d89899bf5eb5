/**
 * Lines of the journal on disk: `checksum json`, so that a line that was being written when the process or the
 * machine died is told from one that was acknowledged.
 *
 * | Part | Form | Means |
 * |---|---|---|
 * | checksum | 8 hexadecimal digits | CRC-32 of the UTF-8 bytes of the rest |
 * | `v` | 1 | the layout below |
 * | `event` | object | an `AwayEvent` |
 * | `booked` | array of [reservation, number] | these are in the ledger |
 */
import { crc32 } from 'node:zlib';
import type { AwayRecord } from './away-event.ts';

const VERSION = 1;
const CHECKSUM_DIGITS = 8;

/** The line that says `record`, with its end. */
export function lineOf(record: AwayRecord): string {
  const json = JSON.stringify({ v: VERSION, ...record });
  return `${checksumOf(json)} ${json}\n`;
}

/** What `line`, without its end, says; nothing if it is not whole or of another layout. */
export function recordOf(line: string): AwayRecord | undefined {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  if (line[CHECKSUM_DIGITS] !== ' ' || line.slice(0, CHECKSUM_DIGITS) !== checksumOf(json)) {
    return undefined;
  }
  try {
    const { v, ...record } = JSON.parse(json) as { readonly v: number } & AwayRecord;
    return v === VERSION ? record : undefined;
  } catch {
    // A checksum that fits by chance.
    return undefined;
  }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_DIGITS, '0');
}
