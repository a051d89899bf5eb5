/**
 * Whose a file of a journal is, by its name, and whether its owner still lives.
 *
 * A name is `commits-<machine>-<process>-<thread>-<number>.jsonl`. An owner that lives touches its file every few
 * seconds. So it is dead when its process is known to be, which only those on the same machine can tell, or when the
 * file has not been touched for a while. A process whose id was given to another one is found by the latter.
 */
import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';

/** How often an owner touches its file. */
export const TOUCH_EVERY_MS = 10_000;
/** After this long without a touch an owner is dead, wherever it was. */
export const DEAD_AFTER_MS = 60_000;

const NAME = /^commits-([0-9a-f]{8})-([0-9]+)-([0-9]+)-([0-9a-f-]{36})\.jsonl$/;

/** Names of files that this process owns; all copies of this module share them. */
const OWNED = Symbol.for('bursar.journal-files');
const owned = ((process as { [OWNED]?: Set<string> })[OWNED] ??= new Set<string>());

/** Whether a file is one of a journal. */
export function isJournalFile(name: string): boolean {
  return NAME.test(name);
}

/** The name of a new file, which is this thread's until it is given up. */
export function ownName(): string {
  const name = `commits-${machine()}-${process.pid}-${threadId}-${randomUUID()}.jsonl`;
  owned.add(name);
  return name;
}

/** Nobody owns the file any more. */
export function giveUp(name: string): void {
  owned.delete(name);
}

/** Whether the owner of the file `name`, last touched `idleMs` ago, is dead. */
export function isOrphan(name: string, idleMs: number): boolean {
  const [, where, pid, thread] = NAME.exec(name) ?? [];
  if (where === undefined || owned.has(name)) return false;
  if (idleMs > DEAD_AFTER_MS) return true;
  if (where !== machine()) return false;
  if (Number(pid) !== process.pid) return !isProcess(Number(pid));
  // Another thread of this process may live; what was this very thread's is nobody's.
  return Number(thread) === threadId;
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

let thisMachine: string | undefined;

/** Where process ids mean the same: a host, and in it a namespace of processes where there are such. */
function machine(): string {
  thisMachine ??= crc32(`${hostname()} ${pidNamespace()}`).toString(16).padStart(8, '0');
  return thisMachine;
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
