/** The two windows that are not exact: how much they let through too much, measured for each shape of traffic. */
import { describe, expect, it } from 'vitest';
import { MINUTE, policyNamed, START, TestLimiter } from './limiters.ts';

it('a fixed window lets twice its limit through across a border, and never more', () => {
  const limiter = new TestLimiter(policyNamed('fixed-window', 100));
  const border = START + MINUTE;
  const passed = limiter.burst(300, 1, border - 1) + limiter.burst(300, 1, border);
  expect(passed).toBe(200);
  expect(limiter.burst(300, 1, border + MINUTE - 1)).toBe(0);
});

const LIMIT = 1_000;
const MINUTES = 30;

/** The traffic of half an hour: when calls arrive, in order. */
type Shape = () => number[];

/** The same on every run. */
function seeded(): () => number {
  let state = 0x2545f491;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function evenly(perMinute: number): number[] {
  const count = perMinute * MINUTES;
  return Array.from({ length: count }, (_, n) => START + Math.floor((n * MINUTE) / perMinute));
}

function atRandom(perMinute: number): number[] {
  const next = seeded();
  const count = perMinute * MINUTES;
  return Array.from(
    { length: count },
    () => START + Math.floor(next() * MINUTE * MINUTES),
  ).toSorted((a, b) => a - b);
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'uniform, as much as fits': () => evenly(LIMIT),
  'uniform, twice as much': () => evenly(LIMIT * 2),
  'at random, as much as fits': () => atRandom(LIMIT),
  'at random, twice as much': () => atRandom(LIMIT * 2),
  'in waves of five minutes, up to four times as much': () => {
    const next = seeded();
    return evenly(LIMIT * 4).filter(
      (atMs) => next() < 0.5 + 0.5 * Math.sin((2 * Math.PI * (atMs - START)) / (5 * MINUTE)),
    );
  },
  // The worst there is: a whole limit just before a border, and then as much as fades.
  'a burst at the end of every other window': () =>
    Array.from({ length: MINUTES / 2 }, (_, n) => START + (2 * n + 1) * MINUTE - 1).flatMap(
      (burstMs) => [
        ...Array.from({ length: LIMIT }, () => burstMs),
        ...Array.from({ length: LIMIT }, (_, n) => burstMs + 1 + n * 59),
      ],
    ),
};

/** The calls that have passed, of which those of the last window count. */
class Passed {
  count = 0;
  #inWindow: number[] = [];

  at(nowMs: number): number {
    const first = this.#inWindow.findIndex((atMs) => atMs > nowMs - MINUTE);
    this.#inWindow = first < 0 ? [] : first === 0 ? this.#inWindow : this.#inWindow.slice(first);
    return this.#inWindow.length;
  }

  add(nowMs: number): void {
    this.count += 1;
    this.#inWindow.push(nowMs);
  }
}

/** What the counter lets through compared with a log, and the most that it lets into one window, in percent. */
function errorOf(shape: Shape): { readonly passed: number; readonly over: number } {
  const limiter = new TestLimiter(policyNamed('sliding-window-counter', LIMIT));
  const counted = new Passed();
  const logged = new Passed();
  let most = 0;
  for (const atMs of shape()) {
    if (limiter.take(1, atMs)) counted.add(atMs);
    if (logged.at(atMs) < LIMIT) logged.add(atMs);
    most = Math.max(most, counted.at(atMs));
  }
  return {
    passed: (100 * (counted.count - logged.count)) / logged.count,
    over: Math.max(0, (100 * most) / LIMIT - 100),
  };
}

describe('a sliding window counter, against the log', () => {
  it.each([
    ['uniform, as much as fits', 1, 1],
    ['uniform, twice as much', 1, 1],
    ['at random, as much as fits', 2, 4],
    ['at random, twice as much', 2, 2],
    ['in waves of five minutes, up to four times as much', 12, 30],
    ['a burst at the end of every other window', 100, 99],
  ])(
    '%s: at most %d percent more or fewer pass, at most %d percent above the limit',
    (name, ...most) => {
      const { passed, over } = errorOf(SHAPES[name] ?? (() => []));
      expect(Math.abs(passed)).toBeLessThanOrEqual(most[0] ?? 0);
      expect(over).toBeLessThanOrEqual(most[1] ?? 0);
    },
  );

  it('keeps two numbers and the beginning of the window, however much passes', () => {
    const limiter = new TestLimiter(policyNamed('sliding-window-counter', LIMIT));
    limiter.burst(900, 1, START);
    limiter.burst(900, 1, START + MINUTE + 30_000);
    expect(limiter.state).toEqual({
      algorithm: 'sliding-window-counter',
      startMs: START + MINUTE,
      used: 550,
      before: 900,
    });
  });
});
