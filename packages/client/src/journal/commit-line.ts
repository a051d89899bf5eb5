/**
 * Lines of a journal: `checksum json`, so that a line that was being written when the process or the machine died is
 * told from one that was kept.
 *
 * | Part | Form | Means |
 * |---|---|---|
 * | checksum | 8 hexadecimal digits | CRC-32 of the UTF-8 bytes of the rest |
 * | `v` | 1 | the layout below |
 * | `commit` | object | a `Commit`; it replaces earlier ones of its reservation |
 * | `removed` | string | of this reservation nothing is kept any more |
 */
import { crc32 } from 'node:zlib';
import type { Commit } from '../commits/commit-journal.ts';

/** What a line says. */
export type JournalRecord = { readonly commit: Commit } | { readonly removed: string };

/** What a file says in the end. */
export interface FoundInFile {
  /** By reservation, in the order in which they were written. */
  readonly commits: ReadonlyMap<string, Commit>;
  /** Lines that do not read back, but for the end of the file, which was never acknowledged. */
  readonly unreadable: number;
}

const VERSION = 1;
const CHECKSUM_DIGITS = 8;

/** The line that says `record`, with its end. */
export function lineOf(record: JournalRecord): string {
  const json = JSON.stringify({ v: VERSION, ...record });
  return `${checksumOf(json)} ${json}\n`;
}

/** What `text` says, the contents of a file. */
export function readLines(text: string): FoundInFile {
  const commits = new Map<string, Commit>();
  let unreadable = 0;
  let doubtful = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const record = recordOf(line);
    if (record === undefined) {
      doubtful += 1;
      continue;
    }
    unreadable += doubtful;
    doubtful = 0;
    const reservation = 'commit' in record ? record.commit.input.reservation : record.removed;
    commits.delete(reservation);
    if ('commit' in record) commits.set(reservation, record.commit);
  }
  return { commits, unreadable };
}

function recordOf(line: string): JournalRecord | undefined {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  if (line[CHECKSUM_DIGITS] !== ' ' || line.slice(0, CHECKSUM_DIGITS) !== checksumOf(json)) {
    return undefined;
  }
  try {
    const { v, ...record } = JSON.parse(json) as { readonly v: number } & JournalRecord;
    return v === VERSION && isRecord(record) ? record : undefined;
  } catch {
    // A checksum that fits by chance.
    return undefined;
  }
}

function isRecord(record: {
  readonly commit?: {
    readonly atMs?: unknown;
    readonly input?: { readonly reservation?: unknown };
  };
  readonly removed?: unknown;
}): boolean {
  const { commit, removed } = record;
  if (commit === undefined) return typeof removed === 'string';
  return typeof commit.atMs === 'number' && typeof commit.input?.reservation === 'string';
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_DIGITS, '0');
}
