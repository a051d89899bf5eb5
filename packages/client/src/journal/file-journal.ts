/**
 * A journal in files: one for each process, which nobody else writes, in a directory that they share.
 *
 * An append resolves when the line is on the disk; appends that arrive during a flush share the next one. Lines go to
 * the end of the file and nothing is ever changed. When the file has grown to twice what is worth keeping, or a write
 * has failed, what is worth keeping is written into a new file and the old one goes.
 *
 * A dead process's file is taken over by renaming it to a name of one's own, which only one can do; what it says is
 * then written into one's own file, and only then is it deleted. A crash in between leaves it said twice, which is
 * harmless: a reservation is booked once.
 */
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { BursarError } from '@bursar/core';
import type { Commit, CommitJournal } from '../commits/commit-journal.ts';
import type { Journal } from '../commits/commits.ts';
import { journalOn } from '../commits/journal-on.ts';
import { type JournalOptions, journalOptionsOf } from '../commits/journal-options.ts';
import { checkInteger } from '../check-integer.ts';
import { systemNowMs } from '../runtime.ts';
import { type JournalRecord, lineOf, readLines } from './commit-line.ts';
import { giveUp, isJournalFile, isOrphan, ownName, TOUCH_EVERY_MS } from './owners.ts';

/** Below this many bytes a file is not written anew. */
const REWRITE_BYTES_MIN = 2 ** 20;

/** Where a journal is, and its bounds. */
export interface FileJournalOptions extends JournalOptions {
  /**
   * Made if it is missing, for this user alone. On a disk that survives what processes are meant to survive; shared
   * by all processes that use the same server with tokens of the same tenant, and by nobody else.
   */
  readonly directory: string;
  /** Most bytes that are kept unacknowledged; 16 MiB by default, some 40,000 calls. Beyond it nothing is accepted. */
  readonly bytesMax?: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The journal in `directory`, for `connect({ …, journal })`. Throws `input_invalid`, naming the option. */
export function fileJournal({
  directory,
  bytesMax = 16 * 2 ** 20,
  ...options
}: FileJournalOptions): Journal {
  if (typeof directory !== 'string' || directory === '') {
    const message = 'directory must be the path of a directory that the journal may use';
    throw new BursarError('input_invalid', { field: 'directory', message });
  }
  checkInteger('bytesMax', bytesMax, 4_096, 2 ** 33);
  const { onEvent } = journalOptionsOf(options);
  const onUnreadable = (lines: number): void => onEvent({ kind: 'unreadable', lines });
  return journalOn(() => new FileJournal(directory, bytesMax, onUnreadable), options);
}

/** See `CommitJournal`. */
export class FileJournal implements CommitJournal {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #onUnreadable: (lines: number) => void;
  /** Lines by reservation: what is worth keeping. */
  readonly #kept = new Map<string, string>();
  #keptBytes = 0;
  #name: string | undefined;
  #handle: FileHandle | undefined;
  #fileBytes = 0;
  /** Whether what is in the file is anybody's guess. */
  #isSuspect = false;
  #text = '';
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #touching: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(directory: string, bytesMax: number, onUnreadable: (lines: number) => void) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#onUnreadable = onUnreadable;
  }

  async append(commit: Commit): Promise<void> {
    const line = lineOf({ commit });
    const { reservation } = commit.input;
    const before = this.#kept.get(reservation) ?? '';
    const grown = Buffer.byteLength(line) - Buffer.byteLength(before);
    if (this.#keptBytes + grown > this.#bytesMax) throw full(this.#bytesMax);
    await this.#write(reservation, { commit }, line);
  }

  async remove(reservation: string): Promise<void> {
    if (!this.#kept.has(reservation)) return;
    await this.#write(reservation, { removed: reservation });
  }

  async leftOver(): Promise<readonly Commit[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const found: Commit[] = [];
    for (const name of (await readdir(this.#directory)).filter(isJournalFile).toSorted()) {
      if (!this.#isClosed) found.push(...(await this.#takeOver(name)));
    }
    return found;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#touching);
    await this.#flushing;
    const name = this.#name;
    await this.#leaveFile();
    if (name === undefined) return;
    if (this.#kept.size === 0) await this.#drop(name);
    giveUp(name);
  }

  /** Takes over the file `name` if its owner is dead. What it says is kept here from then on. */
  async #takeOver(name: string): Promise<readonly Commit[]> {
    const found = await stat(this.#pathOf(name)).catch(missing);
    if (found === undefined) return [];
    const idleMs = systemNowMs() - found.mtimeMs;
    if (!isOrphan(name, idleMs)) return [];
    const mine = ownName();
    const path = this.#pathOf(mine);
    try {
      await rename(this.#pathOf(name), path);
      await utimes(path, new Date(), new Date());
      const { commits, unreadable } = readLines(await readFile(path, 'utf8'));
      if (unreadable > 0) this.#onUnreadable(unreadable);
      const left = [...commits.values()];
      await Promise.all(
        left.map((commit) => this.#write(commit.input.reservation, { commit }, lineOf({ commit }))),
      );
      await rm(path, { force: true });
      return left;
    } catch (error) {
      // Somebody else was faster.
      if (missing(error) === undefined) return [];
      throw error;
    } finally {
      giveUp(mine);
    }
  }

  /** Resolves when `record` is on the disk, and everything before it. `line` is what is kept of the reservation. */
  async #write(reservation: string, record: JournalRecord, line?: string): Promise<void> {
    if (this.#isClosed) throw unwritable('it was closed');
    const before = this.#keepLine(reservation, line);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#text += line ?? lineOf(record);
        this.#waiting.push({ resolve, reject });
        this.#flushing ??= this.#flush();
      });
    } catch (error) {
      // Nothing later has been said about it meanwhile: then it is as it was.
      if (this.#kept.get(reservation) === line) this.#keepLine(reservation, before);
      throw error;
    }
  }

  /** Keeps `line` of the reservation, or nothing. Answers with what was kept before. */
  #keepLine(reservation: string, line: string | undefined): string | undefined {
    const before = this.#kept.get(reservation);
    this.#keptBytes -= Buffer.byteLength(before ?? '');
    this.#kept.delete(reservation);
    if (line !== undefined) {
      this.#kept.set(reservation, line);
      this.#keptBytes += Buffer.byteLength(line);
    }
    return before;
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    // What arrives in the same turn goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      const text = this.#text;
      this.#waiting = [];
      this.#text = '';
      try {
        const isLarge = this.#fileBytes > Math.max(REWRITE_BYTES_MIN, 2 * this.#keptBytes);
        if (this.#isSuspect || isLarge || (await this.#isFileGone())) await this.#rewrite();
        else await this.#appendText(text);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#isSuspect = true;
        for (const { reject } of group) reject(unwritable(String(error), error));
      }
    }
    this.#flushing = undefined;
  }

  async #appendText(text: string): Promise<void> {
    this.#handle ??= await this.#newFile();
    await this.#handle.appendFile(text);
    await this.#handle.datasync();
    this.#fileBytes += Buffer.byteLength(text);
  }

  /** Writes what is worth keeping into a new file. The old one goes when that is on the disk, and stays until then. */
  async #rewrite(): Promise<void> {
    const old = this.#name;
    await this.#leaveFile();
    try {
      const text = [...this.#kept.values()].join('');
      if (text !== '') await this.#appendText(text);
      this.#isSuspect = false;
      await this.#drop(old);
    } catch (error) {
      const unfinished = this.#name;
      await this.#leaveFile();
      await this.#drop(unfinished).catch(() => undefined);
      this.#name = old;
      throw error;
    }
  }

  async #drop(name: string | undefined): Promise<void> {
    if (name === undefined) return;
    await rm(this.#pathOf(name), { force: true });
    giveUp(name);
  }

  async #newFile(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const name = ownName();
    const handle = await open(this.#pathOf(name), 'ax', 0o600);
    this.#name = name;
    this.#fileBytes = 0;
    this.#touching ??= setInterval(() => void this.#touch(), TOUCH_EVERY_MS).unref();
    await flushDirectory(this.#directory);
    return handle;
  }

  async #leaveFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#name = undefined;
    this.#fileBytes = 0;
    await handle?.close().catch(() => undefined);
  }

  /** Says that this process lives. */
  async #touch(): Promise<void> {
    if (this.#name === undefined) return;
    await utimes(this.#pathOf(this.#name), new Date(), new Date()).catch(() => undefined);
  }

  /** Whether others took the file for a dead process's: this one stood still for long, or somebody has tidied up. */
  async #isFileGone(): Promise<boolean> {
    if (this.#name === undefined) return false;
    return (await stat(this.#pathOf(this.#name)).catch(missing)) === undefined;
  }

  #pathOf(name: string): string {
    return join(this.#directory, name);
  }
}

/** Nothing if `error` says that there is no such file; otherwise throws it. */
function missing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Makes a new file's name survive a power cut, where the system lets a directory be flushed. */
async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function full(bytesMax: number): BursarError {
  return unwritable(`it keeps ${bytesMax} bytes at most, and the server has to be heard first`);
}

function unwritable(why: string, cause?: unknown): BursarError {
  return new BursarError('journal_unavailable', {
    message: `The journal takes nothing more: ${why}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
