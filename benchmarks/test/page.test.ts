import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thisMachine } from '../src/harness/machine.ts';
import { putOnPage } from '../src/harness/page.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-page-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('a page has the last section of each benchmark, in the order of the benchmarks', async () => {
  const page = join(directory, 'measured.md');
  for (const section of [
    '## ledger: how fast?\n\nold',
    '## engine: what?\n\none',
    '## ledger: how fast?\n\nnew',
  ]) {
    await putOnPage(page, section, thisMachine());
  }
  const text = await readFile(page, 'utf8');
  expect(text.startsWith('# What was measured\n')).toBe(true);
  expect(text.endsWith('## engine: what?\n\none\n\n## ledger: how fast?\n\nnew\n')).toBe(true);
  expect(text).not.toContain('old');
});
