import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OPENAI_PRICES } from '../../src/pricing/catalogue/openai.ts';
import { cost, costLines } from '../../src/pricing/cost.ts';
import { priceOf } from '../../src/pricing/price.ts';
import { USAGE_CLASS_NAMES } from '../../src/pricing/usage-class.ts';
import { totalInputTokens, totalOutputTokens, type Usage } from '../../src/pricing/usage.ts';
import { anyPrice, RUN, tokens, usageOf } from './arbitraries.ts';

describe('cost of any usage at any price', () => {
  test('is the sum of its lines, rounded up once', () => {
    fc.assert(
      fc.property(usageOf(USAGE_CLASS_NAMES), anyPrice, (usage, price) => {
        let sum = 0n;
        for (const { units, nanoUsdPerMillion = 0 } of costLines(usage, price)) {
          sum += BigInt(units) * BigInt(nanoUsdPerMillion);
        }
        const charged = BigInt(cost(usage, price)) * 1_000_000n;
        expect(charged - sum).toBeGreaterThanOrEqual(0n);
        expect(charged - sum).toBeLessThan(1_000_000n);
      }),
      RUN,
    );
  });

  test('never falls when more of any class is used in the same tier', () => {
    fc.assert(
      fc.property(
        usageOf(USAGE_CLASS_NAMES),
        anyPrice,
        fc.constantFrom(...USAGE_CLASS_NAMES),
        tokens,
        (usage, { nanoUsdPerMillion }, name, more) => {
          const price = { nanoUsdPerMillion };
          const larger = { ...usage, [name]: (usage[name] ?? 0) + more };
          expect(cost(larger, price)).toBeGreaterThanOrEqual(cost(usage, price));
        },
      ),
      RUN,
    );
  });
});

/**
 * Models that the table prices otherwise than its source on purpose (tools/price-table/openai-amendments.ts).
 * The text prices of the two audio models are the source's; only the classes it lacks are left out below.
 */
const NOT_IN_SOURCE = new Set(['gpt-6.1-sol', 'gpt-6.2-sol']);
const NOT_PRICED_BY_SOURCE = new Map([
  ['gpt-4o-audio-preview', ['audioInputTokens', 'cachedAudioInputTokens', 'audioOutputTokens']],
  [
    'gpt-4o-mini-audio-preview',
    ['audioInputTokens', 'cachedAudioInputTokens', 'audioOutputTokens'],
  ],
]);

/** `usage` in the source's words, where totals contain their parts. */
function sourceUsage(usage: Usage): Record<string, number> {
  const sum = (...names: (keyof Usage)[]) =>
    names.reduce((total, name) => total + (usage[name] ?? 0), 0);
  return {
    input_tokens: totalInputTokens(usage),
    cache_read_tokens: sum('cachedInputTokens', 'cachedImageInputTokens', 'cachedAudioInputTokens'),
    cache_write_tokens: sum('cacheWriteTokens'),
    input_image_tokens: sum('imageInputTokens', 'cachedImageInputTokens'),
    cache_image_read_tokens: sum('cachedImageInputTokens'),
    input_audio_tokens: sum('audioInputTokens', 'cachedAudioInputTokens'),
    cache_audio_read_tokens: sum('cachedAudioInputTokens'),
    output_tokens: totalOutputTokens(usage),
    output_reasoning_tokens: sum('reasoningTokens'),
    output_image_tokens: sum('imageOutputTokens'),
    output_audio_tokens: sum('audioOutputTokens'),
    audio_seconds: sum('audioInputMilliseconds') / 1000,
    input_audio_seconds: sum('audioInputMilliseconds') / 1000,
    web_searches: sum('webSearchCalls'),
    storage_searches: sum('fileSearchCalls'),
  };
}

describe("cost agrees with the source's own arithmetic", () => {
  const rows = OPENAI_PRICES.filter(({ model }) => !NOT_IN_SOURCE.has(model));
  test.each(rows)(
    '$model: within the rounding to one nano-USD',
    ({ model, ids, patterns, prices }) => {
      const [pattern] = patterns ?? [];
      const id =
        ids[0] ??
        (pattern !== undefined && 'startsWith' in pattern
          ? `${pattern.startsWith}2024-08-06`
          : model);
      for (const price of prices) {
        const classes = USAGE_CLASS_NAMES.filter(
          (name) =>
            priceOf(price.nanoUsdPerMillion, name) !== undefined &&
            !NOT_PRICED_BY_SOURCE.get(model)?.includes(name),
        );
        fc.assert(
          fc.property(usageOf(classes), (usage) => {
            const theirs = calcPrice(sourceUsage(usage), id, {
              providerId: 'openai',
              timestamp: new Date(price.effectiveFromMs ?? 0),
            });
            expect(theirs).not.toBeNull();
            // Their sum is a float: a thousandth of a nano-USD is far more than its error.
            const exact = (theirs?.total_price ?? 0) * 1e9;
            const ours = cost(usage, price);
            expect(ours - exact).toBeGreaterThan(-0.001);
            expect(ours - exact).toBeLessThan(1.001);
          }),
          { ...RUN, numRuns: 60 },
        );
      }
    },
  );
});
