/**
 * The journal on disk: what a process acknowledged while no store could decide.
 *
 * An append resolves when the line is on the disk; appends that arrive during a flush share the next one. Lines
 * go to the end of the newest file and nothing is ever changed. When the files have grown to twice what is
 * worth keeping, or a write has failed, the whole of what is worth keeping is written into new files and the
 * old ones go: a half-written line is therefore only ever the end of a file.
 *
 * Invariant: what was acknowledged is in a file at every moment until `clear`.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BursarError, type Clock } from '@bursar/core';
import type { Log } from '../telemetry/logger.ts';
import type { AwayRecord } from './away-event.ts';
import { lineOf, recordOf } from './away-line.ts';

/** After this many bytes a new file is begun. */
export const FILE_BYTES_MAX = 8 * 2 ** 20;
/** Below this many bytes in all, nothing is written anew. */
const REWRITE_BYTES_MIN = 16 * 2 ** 20;
/** How long after a failed write nothing is tried. */
const RETRY_AFTER_MS = 1_000;
/** How much of a line that does not read back is shown to people. */
const UNREADABLE_MAX = 2_000;

const NAME = /^away-([0-9]{12})\.jsonl$/;

/** What a journal found when it was opened. */
export interface FoundInJournal {
  /** In the order in which they were written. */
  readonly records: readonly AwayRecord[];
  /** Lines in the middle of a file that do not read back, shortened. Nobody knows what they said. */
  readonly unreadable: readonly string[];
  /** Whether a file ended in the middle of a line, which was therefore never acknowledged. */
  readonly isTorn: boolean;
}

/** How a journal is opened. */
export interface AwayJournalOptions {
  /** Made if it is missing, for this user alone. The caller sees to it that no other process uses it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Everything worth keeping, for when it is written anew. */
  readonly keep: () => Iterable<AwayRecord>;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An append-only file, in pieces. */
export class AwayJournal {
  readonly #options: AwayJournalOptions;
  #files: string[];
  #handle: FileHandle | undefined;
  #fileBytes = 0;
  #bytes = 0;
  #rewriteAbove = REWRITE_BYTES_MIN;
  #next: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  /** Since a write has failed, what is in the files is not all that was decided; until when nothing is tried. */
  #failedUntilMs: number | undefined;
  /** How often the disk was waited for, and how many lines that was for. */
  readonly counts = { flushes: 0, lines: 0, rewrites: 0 };

  private constructor(options: AwayJournalOptions, files: readonly string[], bytes: number) {
    this.#options = options;
    this.#files = [...files];
    this.#bytes = bytes;
    this.#next = 1 + Number(NAME.exec(files.at(-1) ?? '')?.[1] ?? 0);
  }

  /** Opens the journal in a directory and reads what it says. */
  static async open(
    options: AwayJournalOptions,
  ): Promise<{ readonly journal: AwayJournal; readonly found: FoundInJournal }> {
    const { directory } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const files = (await readdir(directory)).filter((name) => NAME.test(name)).toSorted();
    const records: AwayRecord[] = [];
    const unreadable: string[] = [];
    let isTorn = false;
    let bytes = 0;
    for (const file of files) {
      const text = await readFile(join(directory, file), 'utf8');
      const found = read(text);
      bytes += Buffer.byteLength(text);
      records.push(...found.records);
      unreadable.push(...found.unreadable);
      isTorn ||= found.isTorn;
    }
    const journal = new AwayJournal(options, files, bytes);
    return { journal, found: { records, unreadable, isTorn } };
  }

  /** Bytes in all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `store_unavailable` while the disk has just refused a write: nothing should be decided then. */
  assertWritable(): void {
    if (!this.#hasJustFailed()) return;
    throw new BursarError('store_unavailable', {
      message:
        'No store answers, and the disk of this server refuses its journal; nothing was changed. Look at BURSAR_DATA_DIR.',
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  /** Resolves when `record`, and everything before it, is on the disk. Throws `store_timeout` if it may not be. */
  append(record: AwayRecord): Promise<void> {
    return this.#wait(lineOf(record));
  }

  /** Resolves when everything that was appended is on the disk. Throws `store_timeout` if it may not be. */
  async durable(): Promise<void> {
    if (this.#flushing !== undefined || this.#failedUntilMs !== undefined) await this.#wait('');
  }

  /** Forgets everything: it is in the ledger. Nothing may be appended meanwhile. */
  async clear(): Promise<void> {
    await this.#flushing;
    await this.#leaveFile();
    await this.#remove(this.#files);
    this.#files = [];
    this.#bytes = 0;
    this.#rewriteAbove = REWRITE_BYTES_MIN;
    this.#failedUntilMs = undefined;
  }

  /** Waits for what is being written and lets the files go. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.#leaveFile();
  }

  #wait(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    // What arrives in the same turn goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      if (this.#hasJustFailed()) {
        for (const { reject } of group) reject(unconfirmed(undefined));
        continue;
      }
      try {
        if (this.#failedUntilMs !== undefined || this.#bytes > this.#rewriteAbove) {
          // What the group says has been decided, so it is part of what is kept.
          await this.#rewrite();
        } else {
          await this.#write(group.map(({ line }) => line).join(''));
        }
        this.counts.lines += group.length;
        for (const { resolve } of group) resolve();
      } catch (error) {
        await this.#fail(error);
        for (const { reject } of group) reject(unconfirmed(error));
      }
    }
    this.#flushing = undefined;
  }

  #hasJustFailed(): boolean {
    return this.#failedUntilMs !== undefined && this.#options.clock.nowMs() < this.#failedUntilMs;
  }

  async #write(text: string): Promise<void> {
    if (text === '') return;
    const bytes = Buffer.byteLength(text);
    if (this.#fileBytes > 0 && this.#fileBytes + bytes > FILE_BYTES_MAX) await this.#leaveFile();
    this.#handle ??= await this.#newFile();
    await this.#handle.appendFile(text);
    await this.#handle.datasync();
    this.counts.flushes += 1;
    this.#fileBytes += bytes;
    this.#bytes += bytes;
  }

  async #rewrite(): Promise<void> {
    const old = this.#files;
    await this.#leaveFile();
    this.#files = [...old];
    this.#bytes = 0;
    let text = '';
    for (const record of this.#options.keep()) {
      text += lineOf(record);
      if (text.length < FILE_BYTES_MAX / 2) continue;
      await this.#write(text);
      text = '';
    }
    await this.#write(text);
    this.counts.rewrites += 1;
    this.#rewriteAbove = Math.max(REWRITE_BYTES_MIN, 2 * this.#bytes);
    this.#failedUntilMs = undefined;
    this.#files = this.#files.slice(old.length);
    await this.#remove(old);
  }

  async #newFile(): Promise<FileHandle> {
    const { directory } = this.#options;
    const name = `away-${String(this.#next).padStart(12, '0')}.jsonl`;
    this.#next += 1;
    const handle = await open(join(directory, name), 'ax', 0o600);
    this.#files.push(name);
    this.#fileBytes = 0;
    await flushDirectory(directory);
    return handle;
  }

  async #leaveFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#fileBytes = 0;
    await handle?.close();
  }

  /** What is in the file now is anybody's guess: nothing more is added to it. */
  async #fail(error: unknown): Promise<void> {
    const { clock, log } = this.#options;
    this.#failedUntilMs = clock.nowMs() + RETRY_AFTER_MS;
    log.error({ error }, 'the journal of calls let through could not be written');
    await this.#leaveFile().catch(() => undefined);
  }

  async #remove(files: readonly string[]): Promise<void> {
    for (const file of files) await rm(join(this.#options.directory, file), { force: true });
  }
}

/** What a file says. Lines that do not read back count as torn only if no whole line follows. */
function read(text: string): FoundInJournal {
  const records: AwayRecord[] = [];
  const unreadable: string[] = [];
  let doubtful: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const record = recordOf(line);
    if (record === undefined) {
      doubtful.push(line.slice(0, UNREADABLE_MAX));
      continue;
    }
    records.push(record);
    unreadable.push(...doubtful);
    doubtful = [];
  }
  return { records, unreadable, isTorn: doubtful.length > 0 };
}

/** Makes a new file's name survive a power cut, where the system lets a directory be flushed. */
async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function unconfirmed(cause: unknown): BursarError {
  return new BursarError('store_timeout', {
    message:
      'No store answers, and the journal of this server could not be written; repeat the command with the same id.',
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
