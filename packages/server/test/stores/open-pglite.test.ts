/** The embedded database: what a directory keeps, and who may open it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type OpenedPglite, openPglite } from '../../src/stores/postgres/open-pglite.ts';

let root: string;
let imageDirectory: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bursar-pglite-'));
  imageDirectory = join(root, 'images');
});
afterAll(() => rmSync(root, { recursive: true }));

async function ask(opened: OpenedPglite, question: string): Promise<unknown> {
  return (await opened.pglite.query<{ answer: unknown }>(question)).rows[0]?.answer;
}

test('a directory keeps what was written, for its owner alone, and is free again after closing', async () => {
  const directory = join(root, 'kept');
  const first = await openPglite({ directory, imageDirectory });
  await first.pglite.exec('create table kept as select generate_series(1, 100) as number');
  await expect(openPglite({ directory })).rejects.toMatchObject({ code: 'store_unavailable' });
  await first.close();
  await first.close();

  const second = await openPglite({ directory });

  expect(await ask(second, 'select count(*) as answer from kept')).toBe(100n);
  // PGlite makes files that everyone may write; the folders must keep everyone out.
  for (const folder of [directory, join(directory, 'postgres')]) {
    expect(statSync(folder).mode & 0o077).toBe(0);
  }
  await second.close();
  expect(readdirSync(directory)).toEqual(['postgres']);
});

test('a first start that was killed halfway is begun again', async () => {
  const directory = join(root, 'interrupted');
  const half = join(directory, 'postgres.new');
  mkdirSync(half, { recursive: true });
  writeFileSync(join(half, 'PG_VERSION'), '18\n');

  const opened = await openPglite({ directory, imageDirectory });

  expect(await ask(opened, 'select 1 as answer')).toBe(1);
  expect(existsSync(half)).toBe(false);
  await opened.close();
});

test('an image is left by the first start, and a database made from it is empty', async () => {
  const first = await openPglite({ directory: 'memory', imageDirectory });
  await first.pglite.exec('create table of_the_first ()');
  expect(readdirSync(imageDirectory)).toEqual([
    expect.stringMatching(/^pglite-\d+\.\d+\.\d+\.tar\.gz$/),
  ]);

  const second = await openPglite({ directory: 'memory', imageDirectory });

  expect(await ask(second, `select to_regclass('of_the_first') as answer`)).toBe(null);
  await first.close();
  await second.close();
});

test('int8 arrives as bigint, small or large, alone or in an array', async () => {
  const opened = await openPglite({ directory: 'memory', imageDirectory });
  expect(await ask(opened, 'select array[1, 9007199254740993]::int8[] as answer')).toEqual([
    1n,
    9007199254740993n,
  ]);
  expect(await ask(opened, 'select 1::int8 as answer')).toBe(1n);
  await opened.close();
});
