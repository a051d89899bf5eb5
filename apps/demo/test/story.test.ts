import { expect, test } from 'vitest';
import { makeDirectory, runDemo } from './support/run-demo.ts';

test('the story ends by itself, with every nano-dollar accounted for', async () => {
  const { exitCode, lines, errors } = await runDemo(['--data', makeDirectory()]);
  expect(errors).toBe('');
  expect(lines.at(-1)).toMatch(
    /^Audit: every nano-dollar is accounted for: (\d+) calls, \$0\.\d+ in \1 ledger entries, difference \$0\.00\.$/,
  );
  expect(exitCode).toBe(0);
  const text = lines.join('\n');
  expect(text).toContain('refused: budget_exhausted');
  expect(text).toMatch(/it fits now with at most \d+ output tokens/);
  expect(text).toMatch(/the provider has seen \d+ calls, before and after/);
  expect(text).toMatch(/25 tokens had arrived when she left/);
  expect(text).toMatch(/alice +\$0\.\d+ +spent/);
});
