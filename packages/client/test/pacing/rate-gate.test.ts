/** The pacing rule alone, against core's limiters: many clients that know nothing of each other, on one limit. */
import type { RateView } from '@bursar/api';
import {
  chargeLimiter,
  decideLimiter,
  duration,
  type InstantMs,
  type LimiterPolicy,
  type LimiterState,
  limitOfLimiter,
  type LimiterView,
  type ReservationId,
  windowOfLimiter,
} from '@bursar/core';
import { describe, expect, test } from 'vitest';
import { RateGate } from '../../src/pacing/rate-gate.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { TimerList } from '../support/timer-list.ts';

const WINDOW_MS = duration(60_000, 'windowMs');
const TRAVEL_MS = 10;
/** How long a call runs until its truth is known. */
const LASTS_MS = 2_000;

interface Scene {
  readonly clients: number;
  readonly windows: number;
  /** Clients that come when half of the time is over. */
  readonly late?: number;
  /** What a call takes before, and in truth. */
  readonly permits?: number;
  readonly inTruth?: number;
  /** Calls of each client at once. */
  readonly abreast?: number;
}

interface Result {
  /** Part of what was asked for that was refused. */
  readonly refused: number;
  /** Part of what the limit lets through in that time. */
  readonly used: number;
  /** What each client has got in the last quarter of the time, as part of the mean. */
  readonly parts: readonly number[];
}

/** Plays clients that want twice what the limit allows. */
function play(policy: LimiterPolicy, scene: Scene): Result {
  const { clients, windows, late = 0, permits = 1, inTruth = permits, abreast = 1 } = scene;
  const limit = limitOfLimiter(policy);
  const windowMs = windowOfLimiter(policy) ?? 0;
  const everyMs = (clients * inTruth * windowMs) / limit / 2;
  const random = seededRandom(7);
  const timers = new TimerList();
  let nowMs = 0;
  const after = (delayMs: number, task: () => void): void => {
    timers.add({ atMs: nowMs + delayMs, task });
  };
  const take = { permits, reservation: 'call' as ReservationId, deadlineAtMs: 0 as InstantMs };
  let state: LimiterState | undefined;
  let asked = 0;
  let refused = 0;
  const got = Array.from({ length: clients }, () => 0);
  const gotLast = Array.from({ length: clients }, () => 0);
  const endMs = windows * windowMs;
  for (let client = 0; client < clients; client += 1) {
    const gate = new RateGate();
    let hasHeard = false;
    let isFirstOnItsWay = false;
    const think = (): void => after(everyMs * abreast * (0.5 + random()), attempt);
    const attempt = (): void => {
      if (!hasHeard && isFirstOnItsWay) return after(TRAVEL_MS, attempt);
      const atMs = gate.readyAtMs(permits, nowMs);
      // What is heard meanwhile can change it.
      if (atMs > nowMs) return after(Math.min(atMs - nowMs, 250), attempt);
      isFirstOnItsWay = true;
      gate.asked(permits, random(), nowMs);
      after(TRAVEL_MS, arrive);
    };
    const arrive = (): void => {
      asked += 1;
      const atMs = nowMs as InstantMs;
      const decision = decideLimiter(policy, state, take, atMs);
      state = decision.state;
      const rate = rateOf(policy, decision.view, nowMs);
      if (decision.admitted) {
        got[client] = (got[client] ?? 0) + inTruth;
        if (nowMs > endMs * 0.75) gotLast[client] = (gotLast[client] ?? 0) + inTruth;
        if (inTruth !== permits) after(LASTS_MS, () => end(atMs));
      } else refused += 1;
      const retryAfterMs = (decision.view.retryAtMs ?? nowMs) - nowMs;
      after(TRAVEL_MS, () => {
        hasHeard = true;
        gate.answered(permits);
        if (decision.admitted) {
          gate.allowed(rate, permits, nowMs);
          think();
        } else {
          gate.refused(rate, retryAfterMs, nowMs);
          attempt();
        }
      });
    };
    const end = (takenAtMs: InstantMs): void => {
      const more = inTruth - permits;
      state = chargeLimiter(policy, state, more, { ...take, takenAtMs }, nowMs as InstantMs).state;
      gate.ended(permits, inTruth);
    };
    for (let index = 0; index < abreast; index += 1) {
      after((client < late ? endMs / 2 : 0) + random() * everyMs * abreast, attempt);
    }
  }
  for (let timer = timers.next(endMs); timer !== undefined; timer = timers.next(endMs)) {
    nowMs = timer.atMs;
    timer.task();
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const mean = sum(gotLast) / clients;
  return {
    refused: refused / asked,
    used: sum(got) / (limit * windows),
    parts: gotLast.map((part) => part / mean),
  };
}

function rateOf(policy: LimiterPolicy, view: LimiterView, nowMs: number): RateView {
  const { limit, used, remaining, resetAtMs } = view;
  return {
    scope: { kind: 'org', name: 'all' },
    name: 'pace',
    counts: 'requests',
    limit,
    used,
    remaining,
    windowMs: windowOfLimiter(policy),
    resetAt: new Date(resetAtMs).toISOString(),
    renewsAfterMs: policy.algorithm === 'fixed-window' ? Math.max(1, resetAtMs - nowMs) : null,
  };
}

const counter = (limit: number): LimiterPolicy => ({
  algorithm: 'sliding-window-counter',
  limit,
  windowMs: WINDOW_MS,
});
const fixed = (limit: number): LimiterPolicy => ({
  algorithm: 'fixed-window',
  limit,
  windowMs: WINDOW_MS,
});
const bucket = (limit: number): LimiterPolicy => ({
  algorithm: 'token-bucket',
  capacity: limit,
  refillPermits: limit,
  refillEveryMs: WINDOW_MS,
});
const log = (limit: number): LimiterPolicy => ({
  algorithm: 'sliding-window-log',
  limit,
  windowMs: WINDOW_MS,
});

describe('clients that share a limit', () => {
  test.each([
    ['sliding window counter', counter(6_000)],
    ['fixed window', fixed(6_000)],
    ['token bucket', bucket(6_000)],
  ])('use it up and are hardly refused: %s', (_name, policy) => {
    const { refused, used } = play(policy, { clients: 100, windows: 8 });
    expect(refused).toBeLessThan(0.01);
    expect(used).toBeGreaterThan(0.95);
  });

  test.each([
    ['sliding window counter', counter(3_000)],
    ['fixed window', fixed(3_000)],
    ['token bucket', bucket(3_000)],
  ])('let those who come late have their part: %s', (_name, policy) => {
    const { refused, parts } = play(policy, { clients: 50, windows: 24, late: 25 });
    expect(refused).toBeLessThan(0.01);
    const ofLate = parts.slice(0, 25).reduce((sum, part) => sum + part, 0) / 25;
    expect(ofLate).toBeGreaterThan(0.55);
    expect(Math.min(...parts)).toBeGreaterThan(0.4);
  });

  test.each([
    ['sliding window counter', counter(1_000), 0.01],
    ['token bucket', bucket(1_000), 0.01],
    ['fixed window', fixed(1_000), 0.03],
    ['sliding window log', log(1_000), 0.03],
  ])('that make only ten calls in a window are refused seldom: %s', (_name, policy, most) => {
    const { refused, used } = play(policy, { clients: 100, windows: 16 });
    expect(refused).toBeLessThan(most);
    expect(used).toBeGreaterThan(0.9);
  });
});

describe('a client with a limit of its own', () => {
  test.each([
    ['sliding window counter', counter(60)],
    ['sliding window log', log(60)],
    ['fixed window', fixed(60)],
    ['token bucket', bucket(60)],
  ])('uses it up, also with calls abreast: %s', (_name, policy) => {
    for (const abreast of [1, 10]) {
      const { refused, used } = play(policy, { clients: 1, windows: 10, abreast });
      expect(refused).toBeLessThan(0.01);
      expect(used).toBeGreaterThan(0.9);
    }
  });

  test('is not slowed down to its estimates where they are far too high', () => {
    const scene = { clients: 1, windows: 10, abreast: 10, permits: 32, inTruth: 1 };
    expect(play(bucket(200), scene).used).toBeGreaterThan(0.7);
  });
});

describe('the pace of one client', () => {
  const rate = (remaining: number): RateView => {
    const [used, nowMs] = [100 - remaining, 0 as InstantMs];
    const view = { limit: 100, used, remaining, resetAtMs: nowMs, retryAtMs: nowMs };
    return rateOf(counter(100), view, nowMs);
  };

  test('is none while plenty is left', () => {
    const gate = new RateGate();
    gate.asked(1, 0.5, 0);
    gate.answered(1);
    gate.allowed(rate(60), 1, 0);
    expect(gate.readyAtMs(1, 0)).toBe(0);
  });

  test('gets slower, the less is left', () => {
    const pauses = [45, 30, 20, 5].map((remaining) => {
      const gate = new RateGate();
      gate.asked(40, 0.5, 0);
      gate.answered(40);
      gate.allowed(rate(remaining), 40, 0);
      return gate.readyAtMs(1, 0);
    });
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(new Set(pauses).size).toBe(pauses.length);
  });

  test('does not believe a refusal for more than a minute, and asks for what never fits', () => {
    const gate = new RateGate();
    gate.refused(rate(0), 86_400_000, 0);
    expect(gate.refusedUntilMs).toBe(60_000);
    expect(gate.readyAtMs(1, 0)).toBeLessThanOrEqual(66_000);
    expect(gate.readyAtMs(101, 0)).toBe(0);
  });
});
