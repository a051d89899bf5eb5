import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acknowledged, linesIn, runFiles } from './support/acknowledged.ts';
import { makeDirectory, runDemo, startDemo } from './support/run-demo.ts';
import { writeTrace } from './support/write-trace.ts';

/** Settlements after which the demo is killed: well within a trace of this many calls. */
const ACKNOWLEDGED = 150;
const CALLS = 3_000;

test('killed in the middle of a trace and started again: nothing lost, nothing twice, nothing left open', async () => {
  const directory = makeDirectory();
  const books = join(directory, 'books');
  mkdirSync(books);
  const { file } = writeTrace(directory, CALLS);
  const demo = startDemo(['--trace', file, '--data', books]);
  await acknowledged(books, ACKNOWLEDGED);
  demo.kill('SIGKILL');
  await once(demo, 'exit');
  const [left = ''] = runFiles(books);
  const run = left.slice('acks-'.length, -'.jsonl'.length);
  const known = linesIn(join(books, left)) - 1;
  expect(known).toBeLessThan(CALLS);

  const { exitCode, lines, errors } = await runDemo(['--data', books]);
  expect(errors).toBe('');
  expect(lines.join('\n')).toContain(
    `Killed run ${run}: ${known} acknowledged settlements, all in the ledger once`,
  );
  expect(lines.at(-1)).toMatch(/^Audit: every nano-dollar is accounted for/);
  expect(exitCode).toBe(0);
  // What was looked into once is not looked into again.
  expect(runFiles(books)).toEqual([]);
});
