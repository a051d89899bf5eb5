/** Every benchmark runs and ends with its books balanced. How fast it was is for people to judge. */
import { describe, expect, test } from 'vitest';
import { BENCHES } from '../src/benches/index.ts';
import { QUICK_EFFORT } from '../src/harness/compare.ts';
import { resultAsJson, resultAsText } from '../src/harness/report.ts';
import { runBench } from '../src/harness/run-bench.ts';

describe('a quick run', () => {
  test.each(BENCHES)('of $name answers its question and loses no money', async (bench) => {
    const result = await runBench(bench, QUICK_EFFORT);

    expect(result.verdict.moneyOffNanoUsd ?? 0).toBe(0);
    expect(result.verdict.findings.length).toBeGreaterThan(0);
    for (const { name, value } of result.verdict.findings) {
      expect(value, name).toBeGreaterThanOrEqual(0);
    }
    expect(resultAsText(result)).toContain(bench.question);
    expect(JSON.parse(JSON.stringify(resultAsJson(result)))).toMatchObject({ bench: bench.name });
  });
});
