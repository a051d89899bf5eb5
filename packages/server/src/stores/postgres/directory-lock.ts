/**
 * One process at a time in a data directory.
 *
 * PGlite takes no lock of its own, and two of them in one directory destroy the data without a word (it was
 * tried: 576 of 702 rows survived). Node offers no `flock`, so the lock is a file that names its holder.
 *
 * How a dead holder is replaced without two winners: whoever wants to replace holder H must first own the
 * file named after H, which is a lock like this one, taken by the same rule. Only its owner may put itself
 * in H's place, and only after seeing that H is still there; the replacement is one rename, which also uses
 * the file up. Someone who judged H dead long ago then finds another holder there, and stands back.
 *
 * Invariant: the lock file is complete whenever it exists, and is replaced only when its holder is dead.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { BursarError } from '@bursar/core';

import { SIGN_OF_LIFE_EVERY_MS, isAlive, sharesScope, thisProcess } from './lock-holder.ts';
import type { LockHolder } from './lock-holder.ts';

const LOCK_FILE = 'bursar.lock';
const POLL_EVERY_MS = 50;

export interface DirectoryLock {
  /** Lets the next process in. Harmless when repeated. */
  release(): void;
}

export interface LockDirectoryOptions {
  /** Made if it is missing, for this user alone. */
  readonly directory: string;
  /** How long to wait for another process to let go, in milliseconds. 0 (the default): not at all. */
  readonly waitMs?: number;
}

/**
 * Takes the lock of a directory, also from a process that died with it.
 *
 * @throws BursarError `store_unavailable`, naming directory, holder and fix, when a living process holds it.
 */
export async function lockDirectory(options: LockDirectoryOptions): Promise<DirectoryLock> {
  const { directory, waitMs = 0 } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, LOCK_FILE);
  const self = thisProcess();
  const line = `${JSON.stringify(self)}\n`;
  const draft = `${path}.draft-${self.id}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    for (let waitedMs = 0; ; waitedMs += POLL_EVERY_MS) {
      // Written anew each time, so that the draft's time is what the file system calls now; and to the
      // disk, so that no power cut leaves a lock without its content.
      writeSync(file, line, 0);
      fsyncSync(file);
      const holder = claim(path, draft, self);
      if (holder === undefined) break;
      if (waitedMs >= waitMs) throw inUse(directory, holder);
      await sleep(POLL_EVERY_MS);
    }
  } catch (error) {
    closeSync(file);
    throw error;
  } finally {
    unlinkSync(draft);
  }

  const signs = setInterval(() => leaveSign(file, line), SIGN_OF_LIFE_EVERY_MS);
  signs.unref();
  let isReleased = false;
  return {
    release() {
      if (isReleased) return;
      isReleased = true;
      clearInterval(signs);
      closeSync(file);
      if (read(path)?.id === self.id) unlinkSync(path);
    },
  };
}

/**
 * Moves the lock file's time of change, by the file system's clock, whichever machine that is on: the draft
 * was linked into place, so the open file is the lock. A sign that fails is not worth ending the server for.
 */
function leaveSign(file: number, line: string): void {
  try {
    writeSync(file, line, 0);
  } catch {
    // The next one may succeed, and only ten in a row are missed.
  }
}

/** Puts the draft at `path`, or returns the living holder that is in the way. */
function claim(path: string, draft: string, self: LockHolder): LockHolder | undefined {
  for (;;) {
    if (link(draft, path)) return undefined;
    const holder = read(path);
    // Let go in the meantime.
    if (holder === undefined) continue;
    if (isAlive(holder, statSync(draft).mtimeMs - holder.seenAtMs)) return holder;

    const succession = `${path}.after-${holder.id}`;
    const rival = claim(succession, draft, self);
    if (rival !== undefined) return rival;
    if (read(path)?.id === holder.id) {
      renameSync(succession, path);
      return undefined;
    }
    unlinkSync(succession);
  }
}

/** Makes `path` another name of the draft, unless it exists: content and all in one step, as `wx` is not. */
function link(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The holder named in a lock file and the file's time, or `undefined` when there is no such file. */
function read(path: string): (LockHolder & { readonly seenAtMs: number }) | undefined {
  try {
    const seenAtMs = statSync(path).mtimeMs;
    return { ...(JSON.parse(readFileSync(path, 'utf8')) as LockHolder), seenAtMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function inUse(directory: string, holder: LockHolder): BursarError {
  const place = sharesScope(holder) ? '' : ' of another container or machine';
  return new BursarError('store_unavailable', {
    message:
      `The data directory ${directory} is in use by process ${holder.pid}${place}. ` +
      `Stop that process or choose another BURSAR_DATA_DIR.`,
  });
}
