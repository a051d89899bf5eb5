/** The journal on disk: what was acknowledged is in it, whatever happens to the process, the disk or a line. */
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Amount, InstantMs, ReservationId } from '@bursar/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwayEvent, AwayRecord } from '../../src/lenient/away-event.ts';
import { AwayJournal, FILE_BYTES_MAX } from '../../src/lenient/away-journal.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime } from '../support/manual-time.ts';

let directory: string;
let time: ManualTime;
let kept: AwayRecord[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-away-'));
  time = new ManualTime();
  kept = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (at = directory) =>
  AwayJournal.open({ directory: at, clock: time, log: SILENT_LOG, keep: () => kept });

function event(number: number, detail = ''): { readonly event: AwayEvent } {
  return {
    event: {
      number,
      reservation: `t/${number}` as ReservationId,
      standing: {
        state: 'settled',
        amount: number as Amount,
        spent: number as Amount,
        deadlineAtMs: 0 as InstantMs,
        dispatched: true,
        atMs: 1 as InstantMs,
        detail,
      },
      covered: 0 as Amount,
    },
  };
}

const files = async () => (await readdir(directory)).toSorted();
const newest = async () => join(directory, (await files()).at(-1) ?? '');

it('gives back what was appended, in order, in any characters', async () => {
  const records = [
    event(1, 'a\nb\u2028 "ü" \ud800 🙂'),
    event(2),
    { booked: [['t/1', 1]] as never },
  ];
  const { journal } = await open();
  for (const record of records) await journal.append(record);
  await journal.close();
  expect((await open()).found).toEqual({ records, unreadable: [], isTorn: false });
});

it('makes files that nobody else can read', async () => {
  const { journal } = await open();
  await journal.append(event(1));
  await journal.close();
  expect((await stat(await newest())).mode & 0o777).toBe(0o600);
});

it('waits for the disk once for everything that arrives meanwhile', async () => {
  const { journal } = await open();
  const first = journal.append(event(0));
  await Promise.all(Array.from({ length: 500 }, (_, index) => journal.append(event(1 + index))));
  await first;
  expect(journal.counts).toMatchObject({ lines: 501, flushes: 1 });
  await journal.close();
  expect((await open()).found.records).toHaveLength(501);
});

it('resolves an append only when the line can be read back', async () => {
  const { journal } = await open();
  for (let number = 1; number <= 20; number += 1) {
    await journal.append(event(number));
    expect((await open()).found.records).toHaveLength(number);
  }
  await journal.close();
});

it('begins a new file when one is full, and reads all of them', async () => {
  const { journal } = await open();
  const big = 'x'.repeat(FILE_BYTES_MAX / 3);
  for (let number = 1; number <= 4; number += 1) await journal.append(event(number, big));
  await journal.close();
  expect(await files()).toHaveLength(2);
  for (const file of await files()) {
    expect((await stat(join(directory, file))).size).toBeLessThanOrEqual(FILE_BYTES_MAX);
  }
  const { records } = (await open()).found;
  expect(records.map((record) => 'event' in record && record.event.number)).toEqual([1, 2, 3, 4]);
});

it('forgets everything when it is cleared, and goes on', async () => {
  const { journal } = await open();
  await journal.append(event(1));
  await journal.clear();
  expect(await files()).toEqual([]);
  await journal.append(event(2));
  await journal.close();
  expect((await open()).found.records).toEqual([event(2)]);
});

describe('after a crash', () => {
  it.each([1, 5, 9, 40, 150])(
    'a line cut after %i bytes is no line, and nothing else is lost',
    async (bytes) => {
      const { journal } = await open();
      await journal.append(event(1));
      await journal.append(event(2));
      await journal.close();
      const whole = await readFile(await newest(), 'utf8');
      const [line = ''] = whole.split('\n');
      await appendFile(await newest(), line.slice(0, bytes));
      const { journal: next, found } = await open();
      expect(found).toEqual({ records: [event(1), event(2)], unreadable: [], isTorn: true });
      await next.append(event(3));
      await next.close();
      // The torn end is still the end of its file, and no line was added to it.
      expect((await open()).found).toMatchObject({
        records: [event(1), event(2), event(3)],
        unreadable: [],
      });
    },
  );

  it('a changed digit in an amount is noticed', async () => {
    const { journal } = await open();
    for (const number of [7, 8, 9]) await journal.append(event(number));
    await journal.close();
    const text = await readFile(await newest(), 'utf8');
    await writeFile(await newest(), text.replace('"spent":8', '"spent":3'));
    const { found } = await open();
    expect(found.records).toEqual([event(7), event(9)]);
    expect(found.unreadable).toEqual([expect.stringContaining('"spent":3')]);
  });

  it('pages that the disk never got read as zeros, and are no lines', async () => {
    const { journal } = await open();
    await journal.append(event(1));
    await journal.close();
    await appendFile(await newest(), Buffer.alloc(4_096));
    expect((await open()).found).toEqual({ records: [event(1)], unreadable: [], isTorn: true });
  });

  it('a line of a version that is not known is kept for people', async () => {
    const { journal } = await open();
    await journal.append(event(1));
    await journal.close();
    const { crc32 } = await import('node:zlib');
    const json = '{"v":2,"event":{}}';
    const path = await newest();
    await writeFile(
      path,
      `${crc32(json).toString(16).padStart(8, '0')} ${json}\n${await readFile(path, 'utf8')}`,
    );
    expect((await open()).found).toMatchObject({
      records: [event(1)],
      unreadable: [expect.stringContaining(json)],
    });
  });
});

describe('a disk that refuses', () => {
  it('leaves it unknown whether a line was written, refuses at once for a second, and then writes all that is kept', async () => {
    const { journal } = await open();
    kept.push(event(1));
    await journal.append(event(1));
    await journal.clear();
    // A directory that is not there any more: every new file fails.
    await rm(directory, { recursive: true });
    kept.push(event(2));
    await expect(journal.append(event(2))).rejects.toMatchObject({ code: 'store_timeout' });
    expect(() => journal.assertWritable()).toThrow(/BURSAR_DATA_DIR/);
    await expect(journal.durable()).rejects.toMatchObject({ code: 'store_timeout' });
    const { journal: other } = await open();
    await other.close();
    await time.advance(1_000);
    journal.assertWritable();
    // A repeat of the command changes nothing, and must not be answered before its line is there.
    await journal.durable();
    await journal.close();
    expect((await open()).found.records).toEqual([event(1), event(2)]);
  });
});

it('is written anew, with what is still worth keeping, when it has grown', async () => {
  const { journal } = await open();
  const big = 'x'.repeat(2 ** 20);
  for (let number = 1; number <= 20; number += 1) {
    kept = [event(number, big)];
    await journal.append(event(number, big));
  }
  expect(journal.counts.rewrites).toBe(1);
  expect(journal.bytes).toBeLessThan(6 * 2 ** 20);
  await journal.close();
  const { records } = (await open()).found;
  expect(records.at(-1)).toEqual(event(20, big));
  expect(records.length).toBeLessThan(6);
});
