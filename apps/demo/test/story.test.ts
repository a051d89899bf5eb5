import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory, runDemo } from './support/run-demo.ts';
import { writeTrace } from './support/write-trace.ts';

test('the story ends by itself, with every nano-dollar accounted for', async () => {
  const { exitCode, lines, errors } = await runDemo(['--data', makeDirectory()]);
  expect(errors).toBe('');
  expect(lines.at(-1)).toMatch(
    /^Audit: every nano-dollar is accounted for: (\d+) calls, \$0\.\d+ in \1 ledger entries, difference \$0\.00\.$/,
  );
  expect(exitCode).toBe(0);
  // Lines are wrapped.
  const text = lines.join(' ').replace(/\s+/g, ' ');
  expect(text).toContain('alice and carol on the plan pro ($0.10 a month), bob on the plan free');
  expect(text).toContain('refused: budget_exhausted, "credit" of org acme');
  expect(text).toMatch(/carol has \$0\.\d+ of her own left, which would do/);
  expect(text).toContain('refused: budget_exhausted, "credit" of user bob');
  expect(text).toMatch(/the provider has seen \d+ calls, before and after/);
  // What fits is what the clamped call may have, and it uses all of it.
  expect(text).toMatch(
    /it fits now with at most (\d+) output tokens .* allowed with at most \1 output tokens, ended by "length"/,
  );
  expect(text).toMatch(/He registers sk-…(\w{4}),.* the provider’s book shows the key …\1;/);
  expect(text).toMatch(/refused: rate_limited, "pace" of 5 requests → try again in \d+ seconds/);
  expect(text).toMatch(/25 tokens had arrived when she left/);
  expect(text).toMatch(/alice +\$0\.\d+ +spent/);
  expect(text).toMatch(
    /The service paid (\S+) and Bob’s key (\S+), together \S+\. The ledger has \1 for acme and \2 for the key\./,
  );
});

test('a trace on the books of a story is limited by its own limits, not by the plans', async () => {
  const directory = makeDirectory();
  const books = join(directory, 'books');
  await runDemo(['--data', books]);
  const { file, costNanoUsd } = writeTrace(directory, 40);
  const { exitCode, lines } = await runDemo(['--trace', file, '--data', books, '--json']);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    settled: 40,
    denied: 0,
    ledgerNanoUsd: costNanoUsd,
  });
  expect(exitCode).toBe(0);
}, 120_000);
