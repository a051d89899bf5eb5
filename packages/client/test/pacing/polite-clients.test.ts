/**
 * A hundred clients that want twice what they may: paced, they are hardly ever refused, use what there is, and share it.
 * The real client against the real server with its real limiters; only time is simulated.
 */
import { duration, type LimiterPolicy } from '@bursar/core';
import { describe, expect, test } from 'vitest';
import type { PaceOptions } from '../../src/pacing/pace-options.ts';
import {
  openPacedWorld,
  type PacedWorld,
  refusedIn,
  requestsOn,
  talk,
  type Talker,
} from '../support/paced-world.ts';

const CLIENTS = 100;
const WINDOW_MS = duration(60_000, 'windowMs');
const WINDOWS = 5;
/** Calls of each in a window. */
const EACH = 30;
const LIMIT = CLIENTS * EACH;

const limitersOf = (limit: number): readonly LimiterPolicy[] => [
  { algorithm: 'sliding-window-counter', limit, windowMs: WINDOW_MS },
  { algorithm: 'token-bucket', capacity: limit, refillPermits: limit, refillEveryMs: WINDOW_MS },
  { algorithm: 'fixed-window', limit, windowMs: WINDOW_MS },
];

/** Each client on a connection of its own, at twice the part of the limit that is its own. */
function hundred(world: PacedWorld, pace: PaceOptions | false): readonly Talker[] {
  return Array.from({ length: CLIENTS }, (_, index) =>
    talk(world, world.connect(index + 1), {
      everyMs: WINDOW_MS / EACH / 2,
      seed: 1_000 + index,
      call: { user: `user-${index}`, scopes: { org: 'all' } },
      pace,
    }),
  );
}

/** Jain's index: 1 when all have the same, 1/n when one has it all. */
function fairness(counts: readonly number[]): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  const squares = counts.reduce((total, count) => total + count ** 2, 0);
  return sum ** 2 / (counts.length * squares);
}

describe.each(limitersOf(LIMIT).map((limiter) => [limiter.algorithm, limiter] as const))(
  'C25: a hundred paced clients at twice a limit that they share, by %s,',
  (_algorithm, limiter) => {
    test('see under 1 % refusals, use 90 % of it, and get about the same', async () => {
      await using world = await openPacedWorld([requestsOn('org', limiter)]);
      const talkers = hundred(world, { waitMsMax: 120_000 });
      await world.time.pass(WINDOWS * WINDOW_MS);
      const answered = talkers.map(({ answeredAtMs }) => answeredAtMs.length);
      const total = answered.reduce((sum, count) => sum + count, 0);
      expect(refusedIn(world.asked) / world.asked.length).toBeLessThan(0.01);
      expect(total).toBeGreaterThan(0.9 * WINDOWS * LIMIT);
      expect(fairness(answered)).toBeGreaterThan(0.95);
      expect(talkers.flatMap(({ refusals }) => refusals)).toEqual([]);
    });
  },
);

test('without pacing, the same clients are refused about every other call', async () => {
  const [limiter] = limitersOf(LIMIT);
  await using world = await openPacedWorld(limiter ? [requestsOn('org', limiter)] : []);
  const talkers = hundred(world, false);
  await world.time.pass(2 * WINDOW_MS);
  expect(refusedIn(world.asked) / world.asked.length).toBeGreaterThan(0.3);
  expect(talkers.every(({ refusals }) => refusals.length > 0)).toBe(true);
});

const OWN = 60;
const OWN_LIMITERS: readonly LimiterPolicy[] = [
  ...limitersOf(OWN),
  { algorithm: 'gcra', burst: 10, limit: OWN, windowMs: WINDOW_MS },
  { algorithm: 'sliding-window-log', limit: OWN, windowMs: WINDOW_MS },
];

test.each(OWN_LIMITERS.map((limiter) => [limiter.algorithm, limiter] as const))(
  'C25: paced clients with limits of their own (%s) see under 1 % refusals and use 90 % of them',
  async (_algorithm, limiter) => {
    await using world = await openPacedWorld([requestsOn('user', limiter)]);
    const talkers = [1, 2, 3].map((index) =>
      talk(world, world.connect(index), {
        everyMs: WINDOW_MS / OWN / 2,
        seed: index,
        call: { user: `user-${index}` },
        pace: { waitMsMax: 120_000 },
        abreast: index,
      }),
    );
    await world.time.pass(WINDOWS * WINDOW_MS);
    expect(refusedIn(world.asked) / world.asked.length).toBeLessThan(0.01);
    for (const { answeredAtMs, refusals } of talkers) {
      expect(answeredAtMs.length).toBeGreaterThan(0.9 * WINDOWS * OWN);
      expect(refusals).toEqual([]);
    }
  },
);
