/**
 * The lock that keeps two processes out of one data directory. The risk is silent destruction of the ledger,
 * so the races are run with real processes, not simulated.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { lockDirectory } from '../../src/stores/postgres/directory-lock.ts';
import { SILENCE_MS_MAX, thisProcess } from '../../src/stores/postgres/lock-holder.ts';

let directory: string;
let holders: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bursar-lock-'));
  holders = [];
});

afterEach(async () => {
  await Promise.all(holders.map(endHolder));
  rmSync(directory, { recursive: true });
});

interface Holder {
  readonly child: ChildProcess;
  /** Lets it lock its directories from an instant on, and resolves to those that it got. */
  go(startAtMs?: number): Promise<string[]>;
}

async function startHolder(...directories: string[]): Promise<Holder> {
  const script = join(import.meta.dirname, 'directory-holder.process.ts');
  const child = spawn(process.execPath, [script, ...directories], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  holders.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    child,
    async go(startAtMs = 0) {
      child.stdin.write(`${startAtMs}\n`);
      return JSON.parse((await lines.next()).value as string) as string[];
    },
  };
}

/** Ends a process as a crash would. */
async function endHolder(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Leaves the lock of a process that has died with it in each of `directories`. */
async function leaveStaleLocks(...directories: string[]): Promise<void> {
  const holder = await startHolder(...directories);
  expect(await holder.go()).toEqual(directories);
  await endHolder(holder.child);
}

function readLock(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(directory, 'bursar.lock'), 'utf8')) as Record<
    string,
    unknown
  >;
}

function writeLock(change: Record<string, unknown>): void {
  writeFileSync(join(directory, 'bursar.lock'), JSON.stringify({ ...thisProcess(), ...change }));
}

test('a second process is refused, and told who holds the directory and what to do', async () => {
  const holder = await startHolder(directory);
  expect(await holder.go()).toEqual([directory]);

  const refused = lockDirectory({ directory });

  await expect(refused).rejects.toMatchObject({
    code: 'store_unavailable',
    message:
      `The data directory ${directory} is in use by process ${holder.child.pid}. ` +
      `Stop that process or choose another BURSAR_DATA_DIR.`,
  });
});

test('the same process is refused a second lock', async () => {
  const lock = await lockDirectory({ directory });
  await expect(lockDirectory({ directory })).rejects.toMatchObject({ code: 'store_unavailable' });
  lock.release();
});

test('a released lock lets the next in, and leaves no file behind', async () => {
  const first = await lockDirectory({ directory });
  first.release();
  first.release();
  const second = await lockDirectory({ directory });
  first.release();
  await expect(lockDirectory({ directory })).rejects.toMatchObject({ code: 'store_unavailable' });
  second.release();
  expect(readdirSync(directory)).toEqual([]);
});

test('a lock that is released within the waiting time is taken', async () => {
  const first = await lockDirectory({ directory });
  setTimeout(() => first.release(), 120);
  const second = await lockDirectory({ directory, waitMs: 5_000 });
  second.release();
});

test('waiting ends when its time is over', async () => {
  const lock = await lockDirectory({ directory });
  await expect(lockDirectory({ directory, waitMs: 120 })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  lock.release();
});

test('the lock of a killed process is taken over', async () => {
  await leaveStaleLocks(directory);
  const lock = await lockDirectory({ directory });
  expect(readLock()['pid']).toBe(process.pid);
  expect(readdirSync(directory)).toEqual(['bursar.lock']);
  lock.release();
});

test('a takeover that was itself killed halfway is completed by the next', async () => {
  await leaveStaleLocks(directory);
  const successor = { ...readLock(), id: 'died-while-taking-over' };
  writeFileSync(
    join(directory, `bursar.lock.after-${String(readLock()['id'])}`),
    JSON.stringify(successor),
  );

  const lock = await lockDirectory({ directory });

  expect(readLock()['pid']).toBe(process.pid);
  expect(readdirSync(directory)).toEqual(['bursar.lock']);
  lock.release();
});

// Only Linux tells when a process started.
test.runIf(process.platform === 'linux')(
  'a reused process id does not keep a lock alive',
  async () => {
    writeLock({ startedAt: '1' });
    const lock = await lockDirectory({ directory });
    lock.release();
  },
);

test('a holder in another container is believed while it leaves signs of life, whatever its process id', async () => {
  writeLock({ scope: 'another container', pid: 4_194_305 });
  await expect(lockDirectory({ directory })).rejects.toThrow('another container or machine');

  const longAgo = Date.now() / 1_000 - SILENCE_MS_MAX / 1_000 - 5;
  utimesSync(join(directory, 'bursar.lock'), longAgo, longAgo);
  const lock = await lockDirectory({ directory });
  lock.release();
});

test('of eight processes that find one dead holder, exactly one takes its place', async () => {
  const directories = Array.from({ length: 40 }, (_, index) => join(directory, `${index}`));
  for (const each of directories) mkdirSync(each);
  await leaveStaleLocks(...directories);
  const racers = await Promise.all(Array.from({ length: 8 }, () => startHolder(...directories)));

  const startAtMs = Date.now() + 50;

  const got = await Promise.all(racers.map((racer) => racer.go(startAtMs)));

  expect(got.flat().toSorted()).toEqual(directories.toSorted());
}, 60_000);
