import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeDirectory, runDemo } from './support/run-demo.ts';
import { writeTrace } from './support/write-trace.ts';

const CALLS = 300;

describe('--trace', () => {
  // One database for all: making one takes longer than a run, and runs do not disturb each other.
  const books = makeDirectory(afterAll);

  test('books exactly what the calls cost', async () => {
    const { file, costNanoUsd } = writeTrace(makeDirectory(), CALLS);
    const run = await runDemo(['--trace', file, '--data', books, '--json']);
    expect(run.errors).toBe('');
    expect(JSON.parse(run.lines.at(-1) ?? '')).toEqual({
      calls: CALLS,
      settled: CALLS,
      denied: 0,
      ledgerNanoUsd: costNanoUsd,
      differenceNanoUsd: 0,
      openReservations: 0,
      seconds: expect.any(Number),
    });
    expect(run.lines.at(-2)).toMatch(/^Audit: every nano-dollar is accounted for: 300 calls/);
    expect(run.exitCode).toBe(0);
    expect(readdirSync(books).filter((name) => name.startsWith('acks-'))).toEqual([]);
  });

  test('with a limit, refuses what does not fit and books the rest exactly', async () => {
    const { file, costNanoUsd } = writeTrace(makeDirectory(), CALLS);
    const limits = ['--limit', '0.05', '--users', '3'];
    const run = await runDemo(['--trace', file, '--data', books, '--json', ...limits]);
    const summary = JSON.parse(run.lines.at(-1) ?? '') as Record<string, number>;
    expect(summary).toMatchObject({ calls: CALLS, differenceNanoUsd: 0, openReservations: 0 });
    expect((summary['settled'] ?? 0) + (summary['denied'] ?? 0)).toBe(CALLS);
    expect(summary['denied']).toBeGreaterThan(0);
    expect(summary['ledgerNanoUsd']).toBeLessThanOrEqual(3 * 50_000_000);
    expect(costNanoUsd).toBeGreaterThan(3 * 50_000_000);
    expect(run.exitCode).toBe(0);
  });

  test('a settlement that a killed run was told of and the ledger does not have is not forgiven', async () => {
    const { file } = writeTrace(makeDirectory(), 10);
    const left = join(books, 'acks-00c0ffee.jsonl');
    const reservation = '019ab5a6-0000-7000-8000-000000000000';
    const header = {
      run: '00c0ffee',
      startedAtMs: Date.now(),
      database: 'embedded',
      users: ['eve'],
    };
    writeFileSync(left, `${JSON.stringify(header)}\n["${reservation}","0.50"]\n`);
    const run = await runDemo(['--trace', file, '--data', books]);
    expect(run.lines).toContain(`  ✗ ${reservation}: acknowledged at $0.50, not in the ledger`);
    expect(run.lines.at(-1)).toMatch(/^Audit: NOT every nano-dollar is accounted for/);
    expect(run.exitCode).toBe(1);
    // Kept as evidence, both runs.
    expect(readdirSync(books).filter((name) => name.startsWith('acks-'))).toHaveLength(2);
    for (const name of readdirSync(books)) {
      if (name.startsWith('acks-')) rmSync(join(books, name));
    }
  });

  test('a broken line is named before anything is called', async () => {
    const directory = makeDirectory();
    const file = join(directory, 'broken.csv');
    writeFileSync(
      file,
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n2023-11-16 18:15:47.00,many,4\n',
    );
    const run = await runDemo(['--trace', file, '--data', join(directory, 'books')]);
    expect(run.errors).toBe(
      `${file}, line 3, column ContextTokens, must be a whole number from 1 to 1000000 and is "many"\n`,
    );
    expect(run.lines).toEqual([]);
    expect(run.exitCode).toBe(1);
    expect(readdirSync(directory)).toEqual(['broken.csv']);
  });
});
