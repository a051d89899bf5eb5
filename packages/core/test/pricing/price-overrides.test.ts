import { describe, expect, test } from 'vitest';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { cost } from '../../src/pricing/cost.ts';
import { parsePriceOverrides } from '../../src/pricing/parse-price-overrides.ts';
import { withOverrides } from '../../src/pricing/price-overrides.ts';
import { priceOrThrow } from '../../src/pricing/price-table.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 23));
const override = (model: string, inputTokens: number) => ({
  model,
  prices: [{ nanoUsdPerMillion: { inputTokens, outputTokens: inputTokens } }],
});

describe('withOverrides', () => {
  test('an override comes before the catalogue, for its exact model only', () => {
    const table = withOverrides(DEFAULT_PRICE_TABLE, [override('gpt-4o', 7), override('Mine', 8)]);
    expect(table.lookup('gpt-4o', NOW)?.nanoUsdPerMillion).toEqual({
      inputTokens: 7,
      outputTokens: 7,
    });
    expect(table.lookup('mine', NOW)?.nanoUsdPerMillion.inputTokens).toBe(8);
    expect(table.lookup('gpt-4o-2024-08-06', NOW)?.nanoUsdPerMillion.inputTokens).toBe(
      2_500_000_000,
    );
    expect(table.lookup('mine-2', NOW)).toBeUndefined();
    expect(DEFAULT_PRICE_TABLE.lookup('mine', NOW)).toBeUndefined();
  });

  test('the version depends on the content of the overrides and on nothing else', () => {
    const a = withOverrides(DEFAULT_PRICE_TABLE, [override('a', 1), override('b', 2)]);
    const sameInAnotherOrder = withOverrides(DEFAULT_PRICE_TABLE, [
      { prices: override('b', 2).prices, model: ' B ' },
      override('a', 1),
    ]);
    const inTwoSteps = withOverrides(
      withOverrides(DEFAULT_PRICE_TABLE, [override('a', 9), override('b', 2)]),
      [override('a', 1)],
    );
    const other = withOverrides(DEFAULT_PRICE_TABLE, [override('a', 1), override('b', 3)]);
    expect(a.version).toMatch(/^openai-genai-prices-.*\+overrides\.[0-9a-f]{16}$/);
    expect(sameInAnotherOrder.version).toBe(a.version);
    expect(inTwoSteps.version).toBe(a.version);
    expect(other.version).not.toBe(a.version);
    expect(a.lookup('gpt-4o', NOW)?.version).toBe(a.version);
    expect(withOverrides(DEFAULT_PRICE_TABLE, [])).toBe(DEFAULT_PRICE_TABLE);
  });

  test('before an override takes effect, the catalogue applies', () => {
    const from = Date.UTC(2027, 0, 1);
    const prices = [
      { effectiveFromMs: from, nanoUsdPerMillion: { inputTokens: 1, outputTokens: 1 } },
    ];
    const table = withOverrides(DEFAULT_PRICE_TABLE, [
      { model: 'gpt-4o', prices },
      { model: 'mine', prices },
    ]);
    expect(table.lookup('gpt-4o', NOW)?.nanoUsdPerMillion.inputTokens).toBe(2_500_000_000);
    expect(table.lookup('gpt-4o', instant(from))?.nanoUsdPerMillion.inputTokens).toBe(1);
    expect(table.lookup('mine', NOW)).toBeUndefined();
  });

  test('an explicit zero is a price, and free', () => {
    const table = withOverrides(DEFAULT_PRICE_TABLE, [override('free', 0)]);
    const price = priceOrThrow(table, 'free', NOW);
    expect(cost({ inputTokens: 1_000_000, outputTokens: 1_000_000 }, price)).toBe(0);
  });

  test.each([
    [[override('', 1)], 'overrides.0.model'],
    [[override('a', 1), override('A', 2)], 'overrides.1.model'],
    [[{ model: 'a', prices: [] }], 'overrides.0.prices'],
    [[override('a', 1.5)], 'overrides.0.prices.0.nanoUsdPerMillion.inputTokens'],
    [
      [
        {
          model: 'a',
          prices: [
            { effectiveFromMs: 5, nanoUsdPerMillion: { inputTokens: 1 } },
            ...override('a', 1).prices,
          ],
        },
      ],
      'overrides.0.prices.1.effectiveFromMs',
    ],
  ])('a malformed override is refused, naming the field: %#', (overrides, field) => {
    expect(() => withOverrides(DEFAULT_PRICE_TABLE, overrides)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }),
    );
  });
});

describe('parsePriceOverrides', () => {
  test('decimal USD per million becomes the exact integer', () => {
    const overrides = parsePriceOverrides({
      mine: { inputTokens: '2.50', cachedInputTokens: '0.000000001', outputTokens: 10 },
      long: {
        inputTokens: '2',
        contextTiers: [{ aboveInputTokens: 272_000, inputTokens: '4' }],
      },
      dated: [{ inputTokens: '10' }, { effectiveFrom: '2027-01-01', inputTokens: '2' }],
    });
    const table = withOverrides(DEFAULT_PRICE_TABLE, overrides);
    expect(table.lookup('mine', NOW)?.nanoUsdPerMillion).toEqual({
      inputTokens: 2_500_000_000,
      cachedInputTokens: 1,
      outputTokens: 10_000_000_000,
    });
    expect(cost({ inputTokens: 272_001 }, priceOrThrow(table, 'long', NOW))).toBe(1_088_004_000);
    expect(table.lookup('dated', NOW)?.nanoUsdPerMillion.inputTokens).toBe(10_000_000_000);
    expect(
      table.lookup('dated', instant(Date.UTC(2027, 0, 1)))?.nanoUsdPerMillion.inputTokens,
    ).toBe(2_000_000_000);
  });

  test.each([
    [[], 'input_invalid', 'prices'],
    [{ a: null }, 'input_invalid', 'prices.a'],
    [{ a: { words: '1' } }, 'input_invalid', 'prices.a.words'],
    [{ a: { inputTokens: 2.5 } }, 'input_invalid', 'prices.a.inputTokens'],
    [{ a: { inputTokens: '-1' } }, 'amount_out_of_range', 'prices.a.inputTokens'],
    [{ a: { inputTokens: '1e3' } }, 'amount_out_of_range', 'prices.a.inputTokens'],
    [{ a: { inputTokens: '1', effectiveFrom: 'soon' } }, 'input_invalid', 'prices.a.effectiveFrom'],
    [
      { a: { inputTokens: '1', effectiveFrom: '2027-13-01' } },
      'input_invalid',
      'prices.a.effectiveFrom',
    ],
    [{ a: { inputTokens: '1', contextTiers: {} } }, 'input_invalid', 'prices.a.contextTiers'],
  ])('what is not a price is refused, naming the field: %j', (value, code, field) => {
    expect(() => parsePriceOverrides(value)).toThrow(expect.objectContaining({ code, field }));
  });
});
