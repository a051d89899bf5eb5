import { expect, test } from 'vitest';
import {
  ERROR_LIMIT,
  errorOn,
  SHAPES,
  windowFromFirstCall,
} from '../src/subjects/limiter-error.ts';
import { exactlyLimited } from '../src/subjects/limiters.ts';

const shape = (name: string): (() => Iterable<number>) => {
  const found = SHAPES[name];
  if (found === undefined) throw new Error(`there is no shape ${name}`);
  return found;
};
const BORDERS = shape('twice at once, around a border of windows');

test.each(Object.entries(SHAPES))("the product's log is exact, %s", (_, traffic) => {
  expect(errorOn(traffic, exactlyLimited('sliding-window-log'))).toEqual({ passed: 0, over: 0 });
});

test('windows let almost twice the limit through around a border, whether the clock begins them or a call', () => {
  expect(errorOn(BORDERS, exactlyLimited('fixed-window')).over).toBeGreaterThan(99);
  expect(errorOn(BORDERS, windowFromFirstCall()).over).toBeGreaterThan(99);
  expect(errorOn(BORDERS, exactlyLimited('sliding-window-counter')).over).toBeLessThan(2);
});

test('a counter that lets everything through is off by what it should have kept back', () => {
  const all = errorOn(shape('evenly, twice the limit'), () => true);

  expect(all.passed).toBeCloseTo(100, -1);
  expect(all.over).toBeCloseTo(100, 0);
});

test('a counter that lets nothing through is off by everything, and never beyond the limit', () => {
  expect(errorOn(BORDERS, () => false)).toEqual({ passed: -100, over: 0 });
});

test('the shapes are in order and ask for more than the limit', () => {
  for (const [name, traffic] of Object.entries(SHAPES)) {
    const times = [...traffic()];
    expect(times, name).toEqual(times.toSorted((a, b) => a - b));
    expect(times.length, name).toBeGreaterThan(30 * ERROR_LIMIT);
  }
});
