/** From when on what was learned counts, and how much of it. */
import { describe, expect, test } from 'vitest';
import {
  learned,
  LEARNED_FROM,
  LEARNED_UP_TO,
  learnedOutput,
  NOTHING_LEARNED,
} from '../../src/estimates/learned-output.ts';
import type { QuantileSketch } from '../../src/estimates/quantile-sketch.ts';

const WORST = 16_384;

/** What is known after `answers`, and `before`. */
const after = (answers: readonly number[], before = NOTHING_LEARNED): QuantileSketch =>
  answers.reduce(learned, before);
const times = (count: number, tokens: number): readonly number[] =>
  Array.from({ length: count }, () => tokens);

describe('the worst case', () => {
  test('counts until there have been fifty answers', () => {
    const short = after(times(LEARNED_FROM - 1, 40));
    expect(learnedOutput(short, WORST)).toBeUndefined();
    expect(learnedOutput(learned(short, 40), WORST)).toBe(40);
  });

  test('is never passed, whatever was learned', () => {
    const long = after(times(100, 20_000));
    expect(learnedOutput(long, WORST)).toBeUndefined();
    expect(learnedOutput(long, 20_000)).toBeUndefined();
  });
});

test('ninety-nine of a hundred answers are no longer than estimated', () => {
  const answers = Array.from({ length: 1_000 }, (_, index) => (index * 7_919) % 1_000);
  const tokens = learnedOutput(after(answers), WORST) ?? 0;
  const longer = answers.filter((answer) => answer > tokens);
  expect(longer.length).toBeLessThanOrEqual(10);
  expect(tokens).toBeLessThan(1_020);
});

test('a changed product is followed: after twice as many answers of the new kind the old ones are forgotten', () => {
  const before = after(times(LEARNED_UP_TO, 9_000));
  expect(learnedOutput(before, WORST)).toBeGreaterThanOrEqual(9_000);
  // One in a hundred of the old kind is too many; they halve with every 500 answers.
  const now = after(times(4_000, 40), before);
  expect(learnedOutput(now, WORST)).toBe(40);
  expect(now.total).toBeLessThanOrEqual(LEARNED_UP_TO);
});

test('a change for longer answers is followed within a few of them', () => {
  const before = after(times(LEARNED_UP_TO, 40));
  expect(learnedOutput(after(times(15, 9_000), before), WORST)).toBeGreaterThanOrEqual(9_000);
});
