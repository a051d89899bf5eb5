import { randomLcg } from 'd3-random';
import { describe, expect, test } from 'vitest';
import { parseLoadArguments } from '../src/load/arguments.ts';
import { boundariesOf, type LoadPlan, phaseAt } from '../src/load/plan.ts';
import { traceOf } from '../src/load/read-trace.ts';
import { SCENARIOS } from '../src/load/scenarios.ts';
import { costOf, holdOf, Workload, zipf } from '../src/load/workload.ts';

const PLAN: LoadPlan = {
  name: 'it',
  title: 'It',
  phases: [
    { name: 'slow', seconds: 10, perSecond: 50 },
    { name: 'fast', seconds: 10, perSecond: 500 },
  ],
  population: { users: 100, zipf: 1, runsOut: true },
  seed: 7,
  directPool: 10,
};

describe('the calls of a plan', () => {
  test('are the same whenever they are made, and others with another seed', () => {
    expect([...new Workload(PLAN)]).toEqual([...new Workload(PLAN)]);
    expect([...new Workload({ ...PLAN, seed: 8 })]).not.toEqual([...new Workload(PLAN)]);
  });

  test('arrive in order, at the rate of their phase, and at random distances', () => {
    const calls = [...new Workload(PLAN)];
    const due = calls.map(({ dueMs }) => dueMs);

    expect(due).toEqual(due.toSorted((a, b) => a - b));
    // Four standard deviations of a Poisson count.
    expect(due.filter((ms) => ms < 10_000).length / 500).toBeCloseTo(1, 0.7);
    expect(due.filter((ms) => ms >= 10_000).length / 5_000).toBeCloseTo(1, 1);
    const gaps = due.slice(-2_000).map((ms, index, all) => ms - (all[index - 1] ?? ms));
    expect(Math.max(...gaps)).toBeGreaterThan(3 * 2);
  });

  test('cost no more than is set aside for them, and nothing if they were not made', () => {
    for (const call of new Workload(PLAN)) {
      expect(costOf(call)).toBeLessThanOrEqual(holdOf(call));
      if (call.end === 'released' || call.end === 'vanished') expect(costOf(call)).toBe(0);
    }
  });

  test('take the most active user past the limit, and the least active nowhere near it', () => {
    const workload = new Workload(PLAN);
    const spend = (user: number): number =>
      [...workload]
        .filter((call) => call.user === user)
        .reduce((sum, call) => sum + costOf(call), 0);

    expect(spend(0)).toBeGreaterThan(workload.limitNanoUsd);
    expect(spend(99)).toBeLessThan(workload.limitNanoUsd / 2);
  });

  test('of a trace have its sizes in its order, its distances scaled to the rate, round and round', () => {
    const trace = traceOf([
      { arrivedAtMs: 5_000, contextTokens: 100, generatedTokens: 10 },
      { arrivedAtMs: 6_000, contextTokens: 200, generatedTokens: 20 },
      { arrivedAtMs: 9_000, contextTokens: 300, generatedTokens: 30 },
    ]);
    const plan = {
      ...PLAN,
      phases: [{ name: 'steady', seconds: 1, perSecond: 10 }],
      population: { ...PLAN.population, trace },
    };

    const calls = [...new Workload(plan)];

    expect(calls.map(({ dueMs }) => Math.round(dueMs)).slice(0, 4)).toEqual([50, 200, 300, 350]);
    expect(calls.map(({ inputTokens }) => inputTokens).slice(0, 4)).toEqual([100, 200, 300, 100]);
    expect(calls.map(({ outputTokens }) => outputTokens).slice(0, 3)).toEqual([10, 20, 30]);
  });
});

test("users call as Zipf's law says: the first twice as often as the second", () => {
  const next = zipf(1_000, 1, randomLcg(3));
  const counts = new Map<number, number>();
  for (let call = 0; call < 200_000; call += 1) {
    const user = next();
    counts.set(user, (counts.get(user) ?? 0) + 1);
  }

  expect((counts.get(0) ?? 0) / (counts.get(1) ?? 1)).toBeCloseTo(2, 1);
  expect((counts.get(0) ?? 0) / (counts.get(9) ?? 1)).toBeCloseTo(10, -0.5);
  expect(Math.max(...counts.keys())).toBeLessThan(1_000);
});

test('an instant belongs to the phase that has begun last, and after the end to the last', () => {
  const boundaries = boundariesOf(PLAN.phases);

  expect(boundaries).toEqual([0, 10_000, 20_000]);
  expect([0, 9_999, 10_000, 19_999, 20_000].map((ms) => phaseAt(boundaries, ms))).toEqual([
    0, 0, 1, 1, 1,
  ]);
});

describe('the scenarios', () => {
  const plans = SCENARIOS.flatMap((scenario) => scenario.plans({ seconds: 30, seed: 1 }));

  test('have a length that is theirs in all, and names that no other has', () => {
    for (const { phases } of plans) expect(boundariesOf(phases).at(-1)).toBeCloseTo(30_000, 3);
    expect(new Set(plans.map(({ name }) => name)).size).toBe(plans.length);
  });

  test('begin undisturbed, where anything is disturbed, and end so', () => {
    for (const { phases } of plans) {
      expect(phases[0]?.isDisturbed ?? false).toBe(false);
      expect(phases.at(-1)?.isDisturbed ?? false).toBe(false);
    }
  });
});

describe('the command line', () => {
  test('means every scenario without a name, and else those named, in their own order', () => {
    expect(parseLoadArguments([])).toMatchObject({
      scenarios: SCENARIOS.map(({ name }) => name),
      seconds: undefined,
      docs: false,
    });
    expect(parseLoadArguments(['latency', 'normal', '--seconds', '2.5', '--json'])).toMatchObject({
      scenarios: ['normal', 'latency'],
      seconds: 2.5,
      json: true,
    });
  });

  test('says what is wrong with it', () => {
    expect(parseLoadArguments(['storm'])).toMatch(/There is no scenario storm\. There are: normal/);
    expect(parseLoadArguments(['--seconds', '0'])).toMatch(/--seconds must be a number from 1 to/);
    expect(parseLoadArguments(['--users', '1.5'])).toMatch(/--users must be a whole number/);
    expect(parseLoadArguments(['--fast'])).toContain('pnpm load [scenario …]');
  });
});
