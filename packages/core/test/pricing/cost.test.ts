import { describe, expect, test } from 'vitest';
import { AMOUNT_MAX } from '../../src/amount.ts';
import { cost, costLines, costOfPricedClasses } from '../../src/pricing/cost.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { priceOrThrow } from '../../src/pricing/price-table.ts';
import type { ServiceTier } from '../../src/pricing/service-tier.ts';
import { UNITS_MAX, type Usage } from '../../src/pricing/usage.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 23));
const price = (model: string) => priceOrThrow(DEFAULT_PRICE_TABLE, model, NOW);

describe('cost', () => {
  test.each<[string, Usage, number]>([
    ['gpt-4o', {}, 0],
    // 1,000 × 2.50 + 500 × 10.00 USD per million = 0.0075 USD
    ['gpt-4o', { inputTokens: 1_000, outputTokens: 500 }, 7_500_000],
    // 1,000 × 2.50 + 1,000 × 1.25 + 500 × 10.00 (of which 200 reasoning)
    [
      'gpt-4o',
      { inputTokens: 1_000, cachedInputTokens: 1_000, outputTokens: 300, reasoningTokens: 200 },
      8_750_000,
    ],
    ['gpt-4o-mini', { inputTokens: 1 }, 150],
    ['gpt-4o-mini', { cachedInputTokens: 1 }, 75],
    ['text-embedding-3-small', { inputTokens: 1_000_000 }, 20_000_000],
    ['gpt-4o', { webSearchCalls: 1, fileSearchCalls: 2 }, 15_000_000],
    ['whisper-1', { audioInputMilliseconds: 60_000 }, 6_000_000],
    [
      'gpt-audio',
      { inputTokens: 100, audioInputTokens: 1_000, audioOutputTokens: 500 },
      64_250_000,
    ],
    [
      'gpt-image-1.5',
      { inputTokens: 50, imageInputTokens: 300, imageOutputTokens: 4_000 },
      130_650_000,
    ],
    ['omni-moderation-latest', { inputTokens: 5_000 }, 0],
    ['gpt-6.2-sol', { cacheWriteTokens: 1_000, cacheWriteLongTokens: 1_000 }, 7_500_000],
  ])('%s %j costs %i nano-USD', (model, usage, expected) => {
    expect(cost(usage, price(model))).toBe(expected);
  });

  test('a call that is charged as such costs that much without saying so, and as often as it says', () => {
    // 100 × 3 + 10 × 15 USD per million, and 14 USD per thousand calls.
    const sonar = price('sonar-pro');
    expect(cost({ inputTokens: 100, outputTokens: 10 }, sonar)).toBe(14_450_000);
    expect(cost({}, sonar)).toBe(14_000_000);
    expect(cost({ requests: 3 }, sonar)).toBe(42_000_000);
    expect(costLines({ inputTokens: 100 }, sonar)).toContainEqual({
      usageClass: 'requests',
      units: 1,
      nanoUsdPerMillion: 14_000_000_000_000,
    });
  });

  test('what was used at all is charged with its minimum', () => {
    const whisper = price('groq/whisper-large-v3');
    const tenSeconds = cost({ audioInputMilliseconds: 10_000 }, whisper);
    expect(tenSeconds).toBe(308_334);
    expect(cost({ audioInputMilliseconds: 1 }, whisper)).toBe(tenSeconds);
    expect(cost({ audioInputMilliseconds: 20_000 }, whisper)).toBe(616_667);
    expect(cost({}, whisper)).toBe(0);
  });

  test.each<[string, ServiceTier, number]>([
    // 1,000 × 2.50 + 500 × 10.00 USD per million = 0.0075 USD
    ['gpt-4o', 'standard', 17_500_000],
    ['gpt-4o', 'batch', 13_750_000],
    ['gpt-4o', 'priority', 22_750_000],
    // No discount that is not known.
    ['gpt-4o', 'flex', 17_500_000],
    ['o4-mini', 'priority', 16_000_000],
    ['gpt-6-sol', 'flex', 13_500_000],
    ['claude-opus-4-6', 'priority', 115_000_000],
    ['gemini-3.8-flash', 'priority', 18_725_000],
  ])('%s in the tier %s: tokens are multiplied, searches are not', (model, tier, expected) => {
    const usage = { inputTokens: 1_000, outputTokens: 500, webSearchCalls: 1 };
    expect(cost(usage, price(model), tier)).toBe(expected);
  });

  test('a long input is multiplied after its higher price was found', () => {
    const sol = price('gpt-6-sol');
    expect(cost({ inputTokens: 272_001 }, sol, 'batch')).toBe(544_002_000);
    expect(cost({ inputTokens: 272_001 }, sol, 'priority')).toBe(2_176_008_000);
  });

  test('a tier that costs more, nobody knows how much, is not guessed', () => {
    const call = { inputTokens: 1_000 };
    for (const tier of ['ultrafast', 'other'] as const) {
      expect(() => cost(call, price('gpt-4o'), tier)).toThrow(
        expect.objectContaining({ code: 'price_unknown', field: 'serviceTier' }),
      );
      expect(costOfPricedClasses(call, price('gpt-4o'), tier)).toEqual({
        cost: 2_500_000,
        unpriced: [],
        unpricedTier: tier,
      });
    }
  });

  test('the multiple of a tier changes with its day', () => {
    const at = (atMs: number) =>
      priceOrThrow(DEFAULT_PRICE_TABLE, 'gpt-6.2-sol', instant(atMs)).serviceTiers?.ultrafast;
    const change = Date.UTC(2027, 2, 1);
    expect([at(change - 1), at(change)]).toEqual([
      [3, 1],
      [6, 1],
    ]);
  });

  test('is rounded up, once, over all classes together', () => {
    const third = { nanoUsdPerMillion: { inputTokens: 1, outputTokens: 1 } };
    expect(cost({ inputTokens: 1 }, third)).toBe(1);
    expect(cost({ inputTokens: 400_000, outputTokens: 600_000 }, third)).toBe(1);
    expect(cost({ inputTokens: 400_000, outputTokens: 600_001 }, third)).toBe(2);
  });

  test('a long input is charged at the higher price as a whole, from the first token above the threshold', () => {
    const sol = price('gpt-6-sol');
    expect(cost({ inputTokens: 272_000, outputTokens: 100 }, sol)).toBe(545_000_000);
    expect(cost({ inputTokens: 272_001, outputTokens: 100 }, sol)).toBe(1_089_504_000);
    // Cached tokens are input and count towards the threshold.
    expect(cost({ inputTokens: 1, cachedInputTokens: 272_000 }, sol)).toBe(108_804_000);
    // Output does not.
    expect(cost({ outputTokens: 300_000 }, sol)).toBe(3_000_000_000);
  });

  test('OpenAI lists 272,000 itself as long for gpt-5.4', () => {
    expect(cost({ inputTokens: 271_999 }, price('gpt-5.4'))).toBe(679_997_500);
    expect(cost({ inputTokens: 272_000 }, price('gpt-5.4'))).toBe(1_360_000_000);
  });

  test('audio without a price for audio is refused and never charged as text', () => {
    expect(() => cost({ audioInputTokens: 1 }, price('gpt-4o'))).toThrow(
      expect.objectContaining({ code: 'price_unknown', field: 'usage.audioInputTokens' }),
    );
    expect(
      costOfPricedClasses({ inputTokens: 1_000, audioOutputTokens: 5 }, price('gpt-4o')),
    ).toEqual({ cost: 2_500_000, unpriced: ['audioOutputTokens'] });
  });

  test('a longer cache write without a price is refused and never charged as a shorter one', () => {
    expect(() => cost({ cacheWriteLongTokens: 1 }, price('gpt-6-sol'))).toThrow(
      expect.objectContaining({ code: 'price_unknown' }),
    );
  });

  test('what was not used needs no price', () => {
    expect(cost({ audioInputTokens: 0 }, price('gpt-4o'))).toBe(0);
  });

  test('is exact up to AMOUNT_MAX and refused above', () => {
    const dear = { nanoUsdPerMillion: { inputTokens: AMOUNT_MAX } };
    expect(cost({ inputTokens: 1_000_000 }, dear)).toBe(AMOUNT_MAX);
    expect(() => cost({ inputTokens: 1_000_001 }, dear)).toThrow(
      expect.objectContaining({ code: 'amount_out_of_range' }),
    );
  });

  test.each([
    [{ inputTokens: -1 }, 'usage.inputTokens'],
    [{ inputTokens: 1.5 }, 'usage.inputTokens'],
    [{ inputTokens: Number.NaN }, 'usage.inputTokens'],
    [{ outputTokens: UNITS_MAX + 1 }, 'usage.outputTokens'],
  ])('usage that is none is refused, naming the field: %j', (usage, field) => {
    expect(() => cost(usage, price('gpt-4o'))).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }),
    );
  });
});

describe('costLines', () => {
  test('lists what was used with the price applied, and what has none', () => {
    const usage = {
      outputTokens: 2,
      reasoningTokens: 3,
      cachedInputTokens: 0,
      audioInputTokens: 4,
    };
    expect(costLines(usage, price('gpt-4o'))).toEqual([
      { usageClass: 'audioInputTokens', units: 4, nanoUsdPerMillion: undefined },
      { usageClass: 'outputTokens', units: 2, nanoUsdPerMillion: 10_000_000_000 },
      { usageClass: 'reasoningTokens', units: 3, nanoUsdPerMillion: 10_000_000_000 },
    ]);
  });
});
