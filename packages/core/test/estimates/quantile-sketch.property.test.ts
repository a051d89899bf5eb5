/** The sketch against the exact answer, for streams of every shape. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  counted,
  EMPTY_SKETCH,
  halved,
  merged,
  quantile,
  type QuantileSketch,
  SKETCH_BUCKETS_MAX,
  SKETCH_ERROR_PERCENT,
} from '../../src/estimates/quantile-sketch.ts';
import { UNITS_MAX } from '../../src/pricing/usage.ts';

const RUN = { numRuns: 300 };
/** Small, large, alike and far apart. */
const value = fc.oneof(
  fc.nat(120),
  fc.nat(UNITS_MAX),
  fc.constantFrom(0, 1, 49, 50, 51, UNITS_MAX),
  fc.nat(33).map((power) => 2 ** power),
);
const stream = fc.array(value, { maxLength: 300 });
const filled = fc.array(value, { minLength: 1, maxLength: 300 });
const perMille = fc.integer({ min: 1, max: 1_000 });

const sketchOf = (values: readonly number[]): QuantileSketch =>
  values.reduce(counted, EMPTY_SKETCH);

/** The smallest number that `part` thousandths of `values` do not exceed. */
function exactly(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((values.length * part) / 1_000) - 1] ?? 0;
}

describe('a quantile', () => {
  test('is at least the exact one and at most two per cent more', () => {
    fc.assert(
      fc.property(filled, perMille, (values, part) => {
        const exact = exactly(values, part);
        const found = quantile(sketchOf(values), part);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect((found - exact) * 100).toBeLessThanOrEqual(exact * SKETCH_ERROR_PERCENT);
        expect(Number.isSafeInteger(found)).toBe(true);
      }),
      RUN,
    );
  });

  test('never shrinks with the part asked for', () => {
    fc.assert(
      fc.property(filled, perMille, perMille, (values, a, b) => {
        const sketch = sketchOf(values);
        const [low, high] = [quantile(sketch, Math.min(a, b)), quantile(sketch, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high);
      }),
      RUN,
    );
  });

  test('of nothing is 0', () => {
    expect(quantile(EMPTY_SKETCH, 990)).toBe(0);
  });

  test('of numbers below fifty is exact', () => {
    for (let number = 0; number < 50; number += 1) {
      expect(quantile(sketchOf([number]), 500)).toBe(number);
    }
  });
});

describe('merging', () => {
  test('is the same as counting everything in one sketch, in any order', () => {
    fc.assert(
      fc.property(stream, stream, (a, b) => {
        expect(merged(sketchOf(a), sketchOf(b))).toEqual(sketchOf([...b, ...a]));
      }),
      RUN,
    );
  });

  test('is associative and commutative, and nothing changes nothing', () => {
    fc.assert(
      fc.property(stream, stream, stream, (...streams) => {
        const [a, b, c] = streams.map(sketchOf) as [QuantileSketch, QuantileSketch, QuantileSketch];
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
        expect(merged(a, b)).toEqual(merged(b, a));
        expect(merged(a, EMPTY_SKETCH)).toEqual(a);
      }),
      RUN,
    );
  });
});

test('halving keeps every second number in order of size', () => {
  fc.assert(
    fc.property(stream, (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      const everySecond = sorted.filter((_value, index) => index % 2 === 1);
      expect(halved(sketchOf(values))).toEqual(sketchOf(everySecond));
    }),
    RUN,
  );
});

test('memory is bounded: no stream makes more buckets than there are, and there are some thousand', () => {
  expect(SKETCH_BUCKETS_MAX).toBeLessThan(1_200);
  fc.assert(
    fc.property(filled, (values) => {
      const { total, buckets, counts } = sketchOf(values);
      expect(total).toBe(values.length);
      expect(buckets.length).toBe(counts.length);
      expect(new Set(buckets).size).toBe(buckets.length);
      expect(Math.max(...buckets)).toBeLessThan(SKETCH_BUCKETS_MAX);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    }),
    RUN,
  );
});

test('what is more than can be counted counts as the most', () => {
  expect(quantile(counted(EMPTY_SKETCH, UNITS_MAX + 1), 1_000)).toBe(UNITS_MAX);
});
