/**
 * Who holds a lock, and whether that process still lives.
 *
 * A process id alone says little: ids are reused, and every container has a process 1. So a holder is also
 * known by its start time, where the system tells, and by its scope: the boot and the process namespace in
 * which its id means anything. The life of a holder in another scope (another container or machine that
 * shares the directory) shows only in the sign of life that it leaves on its lock.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** How often a holder leaves a sign of life. */
export const SIGN_OF_LIFE_EVERY_MS = 2_000;

/**
 * After this silence a holder in another scope counts as dead. Ten missed signs, because PGlite runs its
 * statements on the thread that also leaves the signs.
 */
export const SILENCE_MS_MAX = 20_000;

export interface LockHolder {
  /** Random, of one claim: the same process that locks again is another holder. */
  readonly id: string;
  readonly pid: number;
  /** When the process started, in the system's own terms; `null` where it does not tell. */
  readonly startedAt: string | null;
  /** Where `pid` has meaning. */
  readonly scope: string;
}

/** A new holder: this process. */
export function thisProcess(): LockHolder {
  return { id: randomUUID(), pid: process.pid, startedAt: startOf(process.pid).at, scope: scope() };
}

/** Whether two holders' process ids can be compared. */
export function sharesScope(holder: LockHolder): boolean {
  return holder.scope === scope();
}

/**
 * Whether the holder may still be at work. In doubt it is: a lock that is refused once too often costs a
 * restart, one that is granted once too often costs the data.
 *
 * @param silentMs How long ago it left its last sign of life. Counts only in another scope.
 */
export function isAlive(holder: LockHolder, silentMs: number): boolean {
  if (!sharesScope(holder)) return silentMs <= SILENCE_MS_MAX;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, as somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = startOf(holder.pid);
  if (start.isZombie) return false;
  return holder.startedAt === null || start.at === null || holder.startedAt === start.at;
}

/** Linux's record of a process: the start in ticks since boot. Empty elsewhere, or if it is not readable. */
function startOf(pid: number): { at: string | null; isZombie: boolean } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold any character, so count after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { at: fields[19] ?? null, isZombie: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return { at: null, isZombie: false };
  }
}

function scope(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
