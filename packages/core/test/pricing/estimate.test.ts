import { describe, expect, test } from 'vitest';
import { amount, ZERO } from '../../src/amount.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { estimate, largestOutputFitting } from '../../src/pricing/estimate.ts';
import { priceOrThrow } from '../../src/pricing/price-table.ts';
import { TEXT_CLASSES } from '../../src/pricing/usage-class.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 23));
const price = (model: string) => priceOrThrow(DEFAULT_PRICE_TABLE, model, NOW);

describe('estimate', () => {
  test('is input and output at full price', () => {
    const input = { price: price('gpt-4o'), inputTokens: 1_000, outputTokensMax: 500 };
    expect(estimate(input)).toBe(7_500_000);
  });

  test('assumes that all input is written to the cache where that costs more', () => {
    const sol = price('gpt-6-sol');
    expect(estimate({ price: sol, inputTokens: 1_000_000, outputTokensMax: 0 })).toBe(
      5_000_000_000,
    );
    expect(estimate({ price: sol, inputTokens: 1_000, outputTokensMax: 0 })).toBe(2_500_000);
  });

  test('assumes audio on an audio model, unless the call is known to be text', () => {
    const call = { price: price('gpt-audio'), inputTokens: 1_000, outputTokensMax: 1_000 };
    expect(estimate(call)).toBe(96_000_000);
    expect(estimate({ ...call, classes: TEXT_CLASSES })).toBe(12_500_000);
  });

  test('of an input at the threshold is at the lower tier, and above it at the higher', () => {
    const call = { price: price('gpt-6-sol'), outputTokensMax: 1_000, classes: TEXT_CLASSES };
    expect(estimate({ ...call, inputTokens: 272_000 })).toBe(690_000_000);
    expect(estimate({ ...call, inputTokens: 272_001 })).toBe(1_375_005_000);
  });

  test('takes the lower tier where that is dearer', () => {
    const falling = {
      model: 'm',
      version: 'v',
      nanoUsdPerMillion: { inputTokens: 10_000_000, outputTokens: 0 },
      contextTiers: [{ aboveInputTokens: 100, nanoUsdPerMillion: { inputTokens: 1_000_000 } }],
    };
    expect(estimate({ price: falling, inputTokens: 200, outputTokensMax: 0 })).toBe(1_000);
    expect(estimate({ price: falling, inputTokens: 2_000, outputTokensMax: 0 })).toBe(2_000);
  });

  test('includes calls of hosted tools', () => {
    const call = { price: price('gpt-4o'), inputTokens: 0, outputTokensMax: 0 };
    expect(estimate({ ...call, otherUnitsMax: { webSearchCalls: 3 } })).toBe(30_000_000);
  });

  test('is zero for a free model', () => {
    const call = { price: price('omni-moderation-latest'), inputTokens: 5_000, outputTokensMax: 0 };
    expect(estimate(call)).toBe(0);
  });

  test.each([
    ['output of a model without an output price', 'text-embedding-3-small', {}, 'outputTokens'],
    [
      'audio of a model without audio prices',
      'gpt-4o',
      { classes: ['audioInputTokens'] },
      'classes',
    ],
    [
      'a tool without a price',
      'gpt-4.1-nano',
      { otherUnitsMax: { webSearchCalls: 1 } },
      'otherUnitsMax.webSearchCalls',
    ],
    ['tokens of a model that is charged by time', 'whisper-1', {}, 'inputTokens'],
  ] as const)('%s is refused as unknown', (_title, model, more, field) => {
    const call = { price: price(model), inputTokens: 10, outputTokensMax: 10, ...more };
    expect(() => estimate(call)).toThrow(expect.objectContaining({ code: 'price_unknown', field }));
  });

  test.each([
    [{ inputTokens: -1 }, 'inputTokens'],
    [{ outputTokensMax: 0.5 }, 'outputTokensMax'],
    [{ classes: ['inputTokens'] }, 'classes'],
    [{ otherUnitsMax: { inputTokens: 1 } }, 'otherUnitsMax.inputTokens'],
  ] as const)('a malformed bound is refused, naming the field: %j', (more, field) => {
    const call = { price: price('gpt-4o'), inputTokens: 10, outputTokensMax: 10, ...more };
    expect(() => estimate(call)).toThrow(expect.objectContaining({ code: 'input_invalid', field }));
  });
});

describe('largestOutputFitting', () => {
  const call = { price: price('gpt-4o'), inputTokens: 1_000, outputTokensMax: 16_384 };

  test('is the largest output bound that the available amount covers', () => {
    // 0.0025 USD for the input leaves 0.005 USD: 500 tokens at 10 USD per million.
    expect(largestOutputFitting(amount(7_500_000), call)).toBe(500);
    expect(largestOutputFitting(amount(7_499_999), call)).toBe(499);
  });

  test('is 0 when the input alone does not fit, and the asked bound when everything does', () => {
    expect(largestOutputFitting(ZERO, call)).toBe(0);
    expect(largestOutputFitting(amount(2_499_999), call)).toBe(0);
    expect(largestOutputFitting(amount(1_000_000_000), call)).toBe(16_384);
  });

  test('is the asked bound for a free model, even with nothing available', () => {
    const free = {
      ...call,
      price: { ...call.price, nanoUsdPerMillion: { inputTokens: 0, outputTokens: 0 } },
    };
    expect(largestOutputFitting(ZERO, free)).toBe(16_384);
  });
});
