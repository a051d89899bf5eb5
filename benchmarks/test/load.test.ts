/** Each scenario on real stores for some seconds: that it runs, and that every nano-dollar is where it should be. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMoneyRight } from '../src/load/audit-load.ts';
import { runLoad } from '../src/load/run-load.ts';
import { SCENARIOS } from '../src/load/scenarios.ts';

const MINUTES_MS = 240_000;
const PROGRAM = fileURLToPath(new URL('../src/load.ts', import.meta.url));
const plans = SCENARIOS.flatMap(({ plans: of }) => of({ seconds: 3, seed: 1, rateFactor: 0.2 }));

describe.concurrent('under load', { timeout: MINUTES_MS }, () => {
  test.each(
    ['normal-1000-rps', 'redis-kill', 'db-kill', 'latency-redis', 'latency-postgres'].map(
      (name) => [name] as const,
    ),
  )('%s: nothing is lost, booked twice, overspent or left set aside', async (name) => {
    const plan = plans.find((known) => known.name === name);
    if (plan === undefined) throw new Error(`there is no plan ${name}`);

    const { money, samples, log } = await runLoad(plan, 'ours', () => {});

    expect(money).toMatchObject({
      lost: 0n,
      duplicated: 0n,
      overspent: 0n,
      leftHeld: 0n,
      findings: [],
    });
    expect(isMoneyRight(money)).toBe(true);
    expect(money.made).toBeGreaterThan(0n);
    expect(samples.length).toBeGreaterThan(3);
    expect(log.outcomes).not.toContain(0);
  });
});

describe('the command', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bursar-load-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test(
    'runs both systems, draws them, says the money of both and ends with 0',
    async () => {
      const args = ['burst', '--seconds', '2', '--rate', '0.05', '--out', directory];

      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args]);

      expect(stdout).toContain('## A burst of 100 calls a second');
      expect(stdout).toMatch(/\| \*\*lost, cents\*\* +\| +0 \|/);
      expect(stdout).toContain('What was expected, and what was measured');
      const files = await readdir(directory);
      expect(files.toSorted()).toEqual(['burst-one-user.svg', 'burst.svg']);
      for (const file of files) {
        expect(await readFile(join(directory, file), 'utf8')).toMatch(/<path class="line/);
      }
    },
    MINUTES_MS,
  );

  test('ends with 2 and names the scenarios when there is none of that name', async () => {
    const failing = promisify(execFile)(process.execPath, [PROGRAM, 'storm']);

    await expect(failing).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('normal, burst, redis-kill, db-kill, latency, levels'),
    });
  });
});
