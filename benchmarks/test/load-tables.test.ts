import { describe, expect, test } from 'vitest';
import { analyse } from '../src/load/analyse.ts';
import { CallLog } from '../src/load/call-log.ts';
import { claimTable } from '../src/load/claim-table.ts';
import { goalsOf } from '../src/load/goals.ts';
import { type Contender, generatorWarnings, isRight, type Matchup } from '../src/load/matchup.ts';
import type { LoadPlan } from '../src/load/plan.ts';
import { drawCourse, drawLevels } from '../src/load/plots/load-plots.ts';
import { levelTable, phaseTable, wholeTable } from '../src/load/tables.ts';
import { Workload } from '../src/load/workload.ts';

const PLAN: LoadPlan = {
  name: 'burst-one-user',
  title: 'A burst',
  phases: [
    { name: 'before', seconds: 1, perSecond: 50 },
    { name: 'burst', seconds: 1, perSecond: 500, isDisturbed: true },
    { name: 'after', seconds: 1, perSecond: 50 },
  ],
  population: { users: 1, zipf: 0, runsOut: false },
  seed: 1,
  directPool: 50,
};
const workload = new Workload(PLAN);
const MIB = 2 ** 20;

/** A contender whose calls all wait for `waitMs`, every tenth of them in vain. */
function contender(
  waitMs: number,
  over: { connections?: number; lateMs?: number; lost?: bigint } = {},
): Contender {
  const { connections = 6, lateMs = 1, lost = 0n } = over;
  const log = new CallLog(workload.size);
  for (const { index } of workload) {
    log.begun(index, lateMs);
    log.decided(index, waitMs, 'hybrid');
    if (index % 10 === 0) log.ended(index, 'denied', { why: 'budget_exhausted' });
    else log.ended(index, 'settled', { bookMs: 0 });
  }
  return {
    analysis: analyse(PLAN, workload, log.columns),
    observed: {
      log: log.columns,
      samples: [
        { atMs: 0, serverBytes: 100 * MIB, redisBytes: MIB, connections, activeConnections: 1 },
        { atMs: 1_500, serverBytes: 900 * MIB, connections },
      ],
      money: {
        made: 123_456_789n,
        lost,
        duplicated: 0n,
        overspent: 0n,
        leftHeld: 0n,
        findings: [],
      },
      transactions: 40,
      cpuUs: { server: 100_000, redis: 20_000 },
      health: { utilization: 0.2, loopDelayP99Ms: 3 },
    },
  };
}

const matchup = (ours: Contender, direct = contender(5_000, { connections: 50 })): Matchup => ({
  plan: PLAN,
  of: { ours, direct },
});

describe('the tables', () => {
  test('say for each phase and system how long calls waited, and why they were denied', () => {
    const rows = phaseTable(matchup(contender(12))).split('\n');

    expect(rows).toHaveLength(2 + 2 * 3);
    expect(rows[4]).toMatch(
      /^\| burst +\| Bursar +\|.*\| +12 \|.*budget_exhausted (9\.\d|10) %.*hybrid 100 %/,
    );
  });

  test('say money in cents with four decimals, and zero as zero', () => {
    const text = wholeTable(matchup(contender(12, { lost: 1_000_000n })));

    expect(text).toMatch(/calls made, cents +\| +12\.3457 \|/);
    expect(text).toMatch(/\*\*lost, cents\*\* +\| +0\.1000 \| +0 \|/);
  });

  test('call a target that was missed missed', () => {
    const reached = claimTable([matchup(contender(12))]).split('\n');
    const missed = claimTable([matchup(contender(46, { connections: 11 }))]).split('\n');

    expect(reached[2]).toMatch(/mean wait, ms .* 5,000 \| +12 \| +yes \|$/);
    expect(missed[2]).toMatch(/\*\*no\*\* \|$/);
    expect(missed[5]).toMatch(/^\| PostgreSQL connections .* 11 \| +\*\*no\*\* \|$/);
    expect(missed[6]).toMatch(/memory.* 900 \| +\*\*no\*\* \|$/);
  });

  test('have a row for each level and system', () => {
    expect(levelTable([matchup(contender(1)), matchup(contender(2))]).split('\n')).toHaveLength(6);
  });
});

test('the goals of a burst on one user are the waits of the other design to ours', () => {
  const goals = goalsOf(matchup(contender(10)));

  expect(goals).toContainEqual(
    expect.objectContaining({ name: expect.stringContaining('mean wait'), value: 500, goal: 50 }),
  );
  expect(goals).toContainEqual(
    expect.objectContaining({ name: expect.stringContaining('money'), value: 0, goal: 0 }),
  );
});

test('a run with money missing is not right, whatever the other system does', () => {
  expect(isRight(matchup(contender(1), contender(1, { lost: 5n })))).toBe(true);
  expect(isRight(matchup(contender(1, { lost: 1n })))).toBe(false);
});

test('it is said when the generator was late', () => {
  expect(generatorWarnings(matchup(contender(1)))).toEqual([]);
  expect(generatorWarnings(matchup(contender(1, { lateMs: 90 })))).toEqual([
    expect.stringContaining('burst-one-user, ours: the generator did not always get its turn'),
  ]);
});

test('a course and the levels are drawn of every run, with the disturbance marked', () => {
  const course = drawCourse(matchup(contender(12)));

  expect(course).toContain('>burst</text>');
  expect(course.match(/<path class="line/g)?.length).toBeGreaterThan(8);
  expect(course).not.toMatch(/NaN|undefined/);
  expect(drawLevels([matchup(contender(1)), matchup(contender(2))])).not.toMatch(/NaN|undefined/);
});
