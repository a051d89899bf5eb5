/** What changes between two prices, in percent, and what is taken for a slip. */
import { describe, expect, test } from 'vitest';
import { changesBetween, isAbsurd, percentOf } from '../../src/pricing/price-change.ts';

const price = (inputTokens: number) => ({ nanoUsdPerMillion: { inputTokens } });
const change = (before: number | undefined, after: number | undefined) => ({
  what: 'inputTokens' as const,
  aboveInputTokens: 0,
  before,
  after,
});

describe('changesBetween', () => {
  test('lists every class that differs, and nothing that does not', () => {
    const before = { nanoUsdPerMillion: { inputTokens: 10, outputTokens: 40 } };
    const after = {
      nanoUsdPerMillion: { inputTokens: 10, outputTokens: 50, audioInputTokens: 90 },
    };
    expect(changesBetween(before, after)).toEqual([
      { what: 'audioInputTokens', aboveInputTokens: 0, before: undefined, after: 90 },
      { what: 'outputTokens', aboveInputTokens: 0, before: 40, after: 50 },
    ]);
    expect(changesBetween(before, before)).toEqual([]);
  });

  test('compares a class that only one side names with what the other charges for it', () => {
    const cached = { nanoUsdPerMillion: { inputTokens: 10, cachedInputTokens: 1 } };
    expect(changesBetween(price(10), cached)).toEqual([
      { what: 'cachedInputTokens', aboveInputTokens: 0, before: 10, after: 1 },
    ]);
  });

  test('compares the prices above every threshold that either side has', () => {
    const tiered = {
      ...price(10),
      contextTiers: [{ aboveInputTokens: 200_000, ...price(20) }],
    };
    expect(changesBetween(tiered, price(10))).toEqual([
      { what: 'inputTokens', aboveInputTokens: 200_000, before: 20, after: 10 },
    ]);
  });

  test('compares the multiples of service tiers, where none is a standard price or unknown', () => {
    const tiered = { ...price(10), serviceTiers: { batch: [1, 2], priority: [2, 1] } as const };
    expect(changesBetween(price(10), tiered)).toEqual([
      { what: 'batch', aboveInputTokens: 0, before: 1_000_000_000, after: 500_000_000 },
      { what: 'priority', aboveInputTokens: 0, before: undefined, after: 2_000_000_000 },
    ]);
  });

  test('everything of a new price is new, and of one that is gone, gone', () => {
    expect(changesBetween(undefined, price(10)).map(percentOf)).toContain('new');
    expect(changesBetween(price(10), undefined).map(percentOf)).toContain('gone');
  });
});

test.each([
  [100, 10_000, false],
  [100, 10_001, true],
  [10_000, 100, false],
  [10_001, 100, true],
  [2_500_000_000, 2_500_000_000_000, true],
  [2_500_000_000, 2_500, true],
  [100, 0, false],
  [0, 9_007_199_254_740_991, false],
  [undefined, 9_007_199_254_740_991, false],
])('from %s to %s is absurd: %s', (before, after, expected) => {
  expect(isAbsurd(change(before, after))).toBe(expected);
});

test.each([
  [200, 100, '-50.0 %'],
  [100, 200, '+100.0 %'],
  [3, 2, '-33.3 %'],
  [3, 4, '+33.3 %'],
  [1_000, 1_001, '+0.1 %'],
  [1, 9_007_199_254_740_991, '+900719925474099000.0 %'],
  [100, 0, '-100.0 %'],
  [0, 100, 'from free'],
])('from %d to %d is %s', (before, after, expected) => {
  expect(percentOf(change(before, after))).toBe(expected);
});
