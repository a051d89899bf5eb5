import { describe, expect, test } from 'vitest';
import type { Bench } from '../src/harness/bench.ts';
import { QUICK_EFFORT } from '../src/harness/compare.ts';
import { closedLoop, tightLoop } from '../src/harness/drive.ts';
import { resultAsJson } from '../src/harness/report.ts';
import { runBench } from '../src/harness/run-bench.ts';

const benchOf = (over: Partial<Awaited<ReturnType<Bench['open']>>>): Bench => ({
  name: 'it',
  question: 'how fast?',
  operation: 'thing',
  open: async () => ({
    candidates: [{ name: 'ours', open: async () => tightLoop(() => {}) }],
    judge: (of) => ({
      findings: [{ name: 'rate', value: of('ours').rounds, goal: 2, better: 'more' }],
      moneyOffNanoUsd: 0,
    }),
    close: async () => {},
    ...over,
  }),
});

describe('a run', () => {
  test('says as one object what it was made on, what it found, and whether that was the goal', async () => {
    const result = resultAsJson(await runBench(benchOf({}), QUICK_EFFORT));

    expect(JSON.parse(JSON.stringify(result))).toMatchObject({
      bench: 'it',
      machine: { node: process.versions.node },
      ratios: { rate: { value: 1, unit: 'x', goal: 2, better: 'more', reached: false } },
      moneyOffNanoUsd: 0,
    });
  });

  test('judges with the stores open, and closes them also when that fails', async () => {
    const steps: string[] = [];
    const bench = benchOf({
      judge: (of) => {
        steps.push('judged');
        of('theirs');
        return { findings: [] };
      },
      close: async () => void steps.push('closed'),
    });

    await expect(runBench(bench, QUICK_EFFORT)).rejects.toThrow('it has no candidate theirs');
    expect(steps).toEqual(['judged', 'closed']);
  });
});

describe('a closed loop', () => {
  test('has so many operations under way and no more, counts each, and measures each', async () => {
    let underWay = 0;
    let most = 0;
    const loop = closedLoop({
      inFlight: 5,
      perCall: 10,
      operation: async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise(setImmediate);
        underWay -= 1;
      },
    });

    const { operations, latenciesMs, elapsedMs, doneMs } = await loop.run(5);

    expect(most).toBe(5);
    expect(operations).toBe(latenciesMs.length * 10);
    expect(doneMs).toBe(elapsedMs);
  });

  test('makes at least one operation, however short the round', async () => {
    const { operations } = await closedLoop({ inFlight: 1, operation: async () => {} }).run(0);

    expect(operations).toBeGreaterThanOrEqual(1);
  });

  test('waits for what operations left to do inside the measurement, and rests outside of it', async () => {
    const steps: string[] = [];
    const loop = closedLoop({
      inFlight: 1,
      clocks: [{ of: 'redis', readUs: async () => steps.push('read') }],
      operation: async () => {},
      finish: async () => void steps.push('finished'),
      rest: async () => void steps.push('rested'),
    });

    const { cpuUs } = await loop.run(0);

    expect(steps).toEqual(['read', 'finished', 'read', 'rested']);
    expect(cpuUs.redis).toBe(2);
  });

  test('fails when an operation fails', async () => {
    const operation = () => Promise.reject(new Error('refused'));

    await expect(closedLoop({ inFlight: 2, operation }).run(5)).rejects.toThrow('refused');
  });
});
