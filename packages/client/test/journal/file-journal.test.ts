/** The journal in files: what was acknowledged is found again, whoever dies when. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Commit } from '../../src/commits/commit-journal.ts';
import { lineOf, readLines } from '../../src/journal/commit-line.ts';
import { FileJournal, fileJournal } from '../../src/journal/file-journal.ts';
import type { CrampedOptions, CrampedReport } from './cramped.process.ts';
import type { WriterOptions } from './writer.process.ts';
import { DEAD_AFTER_MS } from '../../src/journal/owners.ts';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'bursar-journal-')), 'journal');
  onTestFinished(() => rm(join(directory, '..'), { recursive: true, force: true }));
});

function open({ bytesMax = 2 ** 24, at = directory } = {}) {
  const unreadable: number[] = [];
  const journal = new FileJournal(at, bytesMax, (lines) => unreadable.push(lines));
  onTestFinished(() => journal.close());
  return Object.assign(journal, { unreadable });
}

function commit(reservation: string = randomUUID(), costUsd = '0.01'): Commit {
  return { kind: 'settle', input: { reservation, costUsd }, atMs: 1 };
}

const files = async (): Promise<string[]> => (await readdir(directory)).toSorted();
const idsOf = (commits: readonly Commit[]): string[] =>
  commits.map(({ input }) => input.reservation).toSorted();

describe('what is kept', () => {
  test('is on the disk when it is acknowledged, readable by nobody else', async () => {
    const journal = open();
    const kept = commit();
    await journal.append(kept);
    const [name = ''] = await files();
    const path = join(directory, name);
    expect(readLines(await readFile(path, 'utf8')).commits).toEqual(
      new Map([[kept.input.reservation, kept]]),
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  test('is found by the next one, each reservation as it was last, without what was removed', async () => {
    const journal = open();
    const [first, second, third] = [commit(), commit(), commit()];
    await Promise.all([first, second, third].map((one) => journal.append(one)));
    const better = commit(first.input.reservation, '0.02');
    await journal.append(better);
    await journal.remove(second.input.reservation);
    await journal.close();
    const next = open();
    expect(await next.leftOver()).toEqual([third, better]);
    // It is the next one's from now on, and nobody else's.
    expect(await open().leftOver()).toEqual([]);
    await next.close();
    expect(await open().leftOver()).toEqual([third, better]);
  });

  test('is nothing in the end, and so is what stays on the disk', async () => {
    const journal = open();
    const kept = commit();
    await journal.append(kept);
    await journal.remove(kept.input.reservation);
    await journal.close();
    expect(await files()).toEqual([]);
  });

  test('is bounded, and takes something again when something is told', async () => {
    const journal = open({ bytesMax: 4_096 });
    const kept: Commit[] = [];
    const failure = await (async () => {
      for (;;) {
        const next = commit();
        await journal.append(next);
        kept.push(next);
      }
    })().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'journal_unavailable' });
    expect(kept.length).toBeGreaterThan(10);
    await journal.remove(kept[0]?.input.reservation ?? '');
    await journal.append(commit());
  });

  test('does not make the file grow without end', async () => {
    const journal = open();
    const stays = commit();
    await journal.append(stays);
    for (let round = 0; round < 80; round += 1) {
      const some = Array.from({ length: 100 }, () => commit());
      await Promise.all(some.map((one) => journal.append(one)));
      await Promise.all(some.map(({ input }) => journal.remove(input.reservation)));
    }
    const sizes = await Promise.all((await files()).map((name) => stat(join(directory, name))));
    expect(sizes).toHaveLength(1);
    // 16,000 lines of some 140 bytes were written.
    expect(sizes[0]?.size).toBeLessThan(1.2 * 2 ** 20);
    await journal.close();
    expect(await open().leftOver()).toEqual([stays]);
  });

  test('is written anew when the file was taken away', async () => {
    const journal = open();
    const [before, after] = [commit(), commit()];
    await journal.append(before);
    const [name = ''] = await files();
    await rm(join(directory, name));
    await journal.append(after);
    await journal.close();
    expect(await open().leftOver()).toEqual([before, after]);
  });

  test('is not acknowledged when it cannot be written, and what was kept before is not lost', async () => {
    const journal = open();
    const [before, lost, after] = [commit(), commit(), commit()];
    await journal.append(before);
    await rename(directory, `${directory}-away`);
    await writeFile(directory, 'in the way');
    expect(await journal.append(lost).catch((error: unknown) => error)).toMatchObject({
      code: 'journal_unavailable',
    });
    await rm(directory);
    await rename(`${directory}-away`, directory);
    await journal.append(after);
    await journal.close();
    expect(idsOf(await open().leftOver())).toEqual(idsOf([before, after]));
    expect(await files()).toHaveLength(1);
  });
});

test('a disk that takes no more loses nothing that was kept, and is used again when it does', async () => {
  const options: CrampedOptions = { directory };
  const program = join(import.meta.dirname, 'cramped.process.ts');
  // A limit on the size of a file fails in the middle of a line, as a full disk does.
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    'ulimit -f 8 && exec "$0" "$@"',
    process.execPath,
    program,
    JSON.stringify(options),
  ]);
  const { kept, failure } = JSON.parse(stdout) as CrampedReport;
  expect(failure).toBe('journal_unavailable');
  expect(kept.length).toBeGreaterThan(10);
  const next = open();
  expect(idsOf(await next.leftOver())).toEqual([...kept].toSorted());
  expect(next.unreadable).toEqual([]);
});

describe('a file that was cut or damaged', () => {
  test('at any byte says what its whole lines say', () => {
    const [first, second] = [commit(), commit()];
    const better = commit(first.input.reservation, '0.02');
    const records = [
      { commit: first },
      { commit: second },
      { removed: second.input.reservation },
      { commit: better },
    ];
    const lines = records.map(lineOf);
    const text = lines.join('');
    for (let cut = 0; cut <= text.length; cut += 1) {
      const whole = text.slice(0, cut).split('\n').length - 1;
      const { commits, unreadable } = readLines(text.slice(0, cut));
      // The last line may lack nothing but its end.
      const wholeOrAllBut = [lines.slice(0, whole), lines.slice(0, whole + 1)].map(
        (some) => readLines(some.join('')).commits,
      );
      expect(wholeOrAllBut).toContainEqual(commits);
      expect(unreadable).toBe(0);
    }
    expect(readLines(text).commits).toEqual(new Map([[first.input.reservation, better]]));
  });

  test('in its middle says the rest, and how many lines are lost', async () => {
    const journal = open();
    const kept = [commit(), commit(), commit()];
    for (const one of kept) await journal.append(one);
    await journal.close();
    const [name = ''] = await files();
    const path = join(directory, name);
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[1] = lines[1]?.replace('0.01', '9.99') ?? '';
    await writeFile(path, lines.join('\n'));
    const next = open();
    expect(await next.leftOver()).toEqual([kept[0], kept[2]]);
    expect(next.unreadable).toEqual([1]);
  });
});

describe('processes that share a directory', () => {
  /** A process that writes `atOnce` at a time; `said` grows by what is on the disk. */
  async function startWriter(atOnce: number) {
    const program = join(import.meta.dirname, 'writer.process.ts');
    const options: WriterOptions = { directory, atOnce };
    const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    if (child.stdout === null) throw new Error('the process has no standard output');
    const said: string[] = [];
    const lines = createInterface(child.stdout).on('line', (line) => said.push(line));
    await once(lines, 'line');
    return {
      said,
      kill: async () => {
        const [exited, read] = [once(child, 'exit'), once(lines, 'close')];
        child.kill('SIGKILL');
        await Promise.all([exited, read]);
      },
    };
  }

  test('lose nothing that was acknowledged, whenever they are killed', async () => {
    const writers = await Promise.all([1, 7, 50].map(startWriter));
    await expect
      .poll(() => Math.min(...writers.map(({ said }) => said.length)))
      .toBeGreaterThan(99);
    const [first, ...others] = writers;
    await first?.kill();
    // Those that live keep what is theirs.
    const adopted = open();
    const found = new Set(idsOf(await adopted.leftOver()));
    expect(first?.said.filter((id) => !found.has(id))).toEqual([]);
    for (const { said } of others) expect(said.filter((id) => found.has(id))).toEqual([]);
    await Promise.all(others.map(({ kill }) => kill()));
    const rest = new Set(idsOf(await adopted.leftOver()));
    for (const { said } of others) expect(said.filter((id) => !rest.has(id))).toEqual([]);
    expect(await files()).toHaveLength(1);
  });

  test('that look at once find what a dead one has left, together and without a loss', async () => {
    const writer = await startWriter(20);
    await expect.poll(() => writer.said.length).toBeGreaterThan(99);
    await writer.kill();
    const lookers = Array.from({ length: 8 }, () => open());
    const found = await Promise.all(lookers.map((looker) => looker.leftOver()));
    const all = new Set(found.flatMap(idsOf));
    expect(writer.said.filter((id) => !all.has(id))).toEqual([]);
  });

  test('elsewhere are dead when they have not touched their file for a minute', async () => {
    const kept = commit();
    const journal = open();
    await journal.append(kept);
    await journal.close();
    const [name = ''] = await files();
    // As a process of another machine would call it.
    const elsewhere = name.replace(/^commits-[0-9a-f]{8}/, 'commits-00000000');
    await rename(join(directory, name), join(directory, elsewhere));
    const looker = open();
    expect(await looker.leftOver()).toEqual([]);
    const longAgo = new Date(Date.now() - DEAD_AFTER_MS - 1_000);
    await utimes(join(directory, elsewhere), longAgo, longAgo);
    expect(await looker.leftOver()).toEqual([kept]);
  });
});

test.each([
  ['directory', { directory: '' }],
  ['bytesMax', { directory: 'x', bytesMax: 1 }],
  ['ageMsMax', { directory: 'x', ageMsMax: -1 }],
])('a malformed %s is refused', (field, options) => {
  expect(() => fileJournal(options)).toThrow(
    expect.objectContaining({ code: 'input_invalid', field }),
  );
});
