import { describe, expect, test } from 'vitest';
import type { Sample } from '../src/harness/bench.ts';
import { compare } from '../src/harness/compare.ts';
import { allCpuUs, figuresOf, median, quantile } from '../src/harness/figures.ts';
import { isReached, resultAsText } from '../src/harness/report.ts';

const sample = (more: Partial<Sample> = {}): Sample => ({
  operations: 1_000,
  elapsedMs: 500,
  doneMs: 500,
  cpuUs: { node: 4_000 },
  latenciesMs: [],
  ...more,
});

describe('figures of rounds', () => {
  test('are medians, so that one disturbed round changes nothing', () => {
    const disturbed = sample({ elapsedMs: 50_000, cpuUs: { node: 900_000 }, latenciesMs: [700] });
    const clean = sample({ latenciesMs: [1, 2, 3] });

    const figures = figuresOf([clean, disturbed, clean]);

    expect(figures).toMatchObject({ rounds: 3, perSecond: 2_000, p50Ms: 2, p99Ms: 3 });
    expect(figures.cpuUs).toEqual({ node: 4 });
  });

  test('count the work that operations left to do apart from their answers', () => {
    expect(figuresOf([sample()]).donePerSecond).toBeUndefined();
    expect(figuresOf([sample({ doneMs: 1_000 })])).toMatchObject({
      perSecond: 2_000,
      donePerSecond: 1_000,
    });
  });

  test('leave out whose CPU time nobody knows, and add up the others', () => {
    const { cpuUs } = figuresOf([sample({ cpuUs: { node: 4_000, redis: 2_000 } })]);

    expect(cpuUs).toEqual({ node: 4, redis: 2 });
    expect(allCpuUs({ cpuUs })).toBe(6);
  });
});

test('the median of an even number of values is between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

test('a quantile is a value that was measured, and nothing where nothing was', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);

  expect(quantile(values, 0.5)).toBe(51);
  expect(quantile(values, 0.99)).toBe(100);
  expect(quantile(values, 1)).toBe(100);
  expect(quantile([], 0.5)).toBeUndefined();
});

const quiet = { cores: 2, cpu: 'A', memoryGib: 1, node: '24', platform: 'x', load: 1 };
const busy = { ...quiet, load: 1.1 };

test('a goal is reached from its better side, and exactly', () => {
  const finding = { name: 'it', value: 2, goal: 2 };

  expect(isReached({ ...finding, better: 'more' }, quiet)).toBe(true);
  expect(isReached({ ...finding, better: 'less' }, quiet)).toBe(true);
  expect(isReached({ ...finding, value: 1.9, better: 'more' }, quiet)).toBe(false);
  expect(isReached({ ...finding, value: 2.1, better: 'less' }, quiet)).toBe(false);
  expect(isReached({ name: 'it', value: 2, better: 'less' }, quiet)).toBeUndefined();
});

test('on a machine where others are at work, goals about the clock are not judged, those about CPU time are', () => {
  const finding = { name: 'it', value: 1, goal: 2, better: 'more' } as const;

  expect(isReached({ ...finding, isByClock: true }, busy)).toBeUndefined();
  expect(isReached({ ...finding, isByClock: true }, quiet)).toBe(false);
  expect(isReached(finding, busy)).toBe(false);
});

test('candidates take turns, every other time backwards, and are closed also when one fails', async () => {
  const ran: string[] = [];
  const candidate = (name: string, failsAt = Number.POSITIVE_INFINITY) => ({
    name,
    open: async () => {
      let runs = 0;
      return {
        async run() {
          runs += 1;
          if (runs > failsAt) throw new Error('broken');
          ran.push(name);
          return sample();
        },
        async close() {
          ran.push(`${name} closed`);
        },
      };
    },
  });
  const effort = { isQuick: true, rounds: 2, roundMs: 1, warmUpMs: 1 };

  await compare([candidate('a'), candidate('b')], effort);
  expect(ran).toEqual(['a', 'b', 'a', 'b', 'b', 'a', 'a closed', 'b closed']);

  ran.length = 0;
  await expect(compare([candidate('a'), candidate('b', 1)], effort)).rejects.toThrow('broken');
  expect(ran).toEqual(['a', 'b', 'a', 'a closed', 'b closed']);
});

test('a report says what was not reached, and leaves out columns without a figure', () => {
  const text = resultAsText({
    bench: { name: 'it', question: 'how fast?', operation: 'thing' },
    machine: quiet,
    figures: new Map([['ours', figuresOf([sample()])]]),
    verdict: {
      findings: [{ name: 'ours to theirs', value: 0.5, goal: 1, better: 'more' }],
      moneyOffNanoUsd: 0,
    },
  });

  expect(text).toMatch(/ours to theirs +0\.500 x +goal: at least 1 x +NOT REACHED/);
  expect(text).toContain('Money lost, invented or overspent: 0 nano-USD.');
  expect(text).toContain('node us');
  expect(text).not.toContain('redis us');
});
