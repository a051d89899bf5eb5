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
    expect(a.version).toMatch(/^genai-prices-.*\+overrides\.[0-9a-f]{16}$/);
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

  test('a model can be charged as another one, as that one is at the time', () => {
    const from = Date.UTC(2027, 0, 1);
    const table = withOverrides(DEFAULT_PRICE_TABLE, [
      { model: 'my-tune', chargeAs: 'gpt-4o' },
      { model: 'llama-3.3-70b-versatile', chargeAs: 'groq/llama-3.3-70b-versatile' },
      { model: 'my-dated', chargeAs: 'own' },
      {
        model: 'own',
        prices: [
          { nanoUsdPerMillion: { inputTokens: 1 } },
          { effectiveFromMs: from, nanoUsdPerMillion: { inputTokens: 2 } },
        ],
      },
    ]);
    expect(table.lookup('my-tune', NOW)).toEqual(table.lookup('gpt-4o', NOW));
    expect(table.lookup('llama-3.3-70b-versatile', NOW)?.provider).toBe('groq');
    expect(table.lookup('my-dated', NOW)?.nanoUsdPerMillion.inputTokens).toBe(1);
    expect(table.lookup('my-dated', instant(from))?.nanoUsdPerMillion.inputTokens).toBe(2);
    expect(table.version).not.toBe(DEFAULT_PRICE_TABLE.version);
  });

  test('a model that the catalogue knows can be charged as another one too', () => {
    const table = withOverrides(DEFAULT_PRICE_TABLE, [
      { model: 'gpt-4o', chargeAs: 'gpt-4o-mini' },
    ]);
    expect(table.lookup('gpt-4o', NOW)?.model).toBe('gpt-4o-mini');
    expect(table.lookup('gpt-4o-2024-08-06', NOW)?.model).toBe('gpt-4o');
  });

  test.each([
    ['nothing that has a price', [{ model: 'a', chargeAs: 'gpt-9' }], 'overrides.0.chargeAs'],
    ['itself', [{ model: 'a', chargeAs: 'A' }], 'overrides.0.chargeAs'],
    [
      'what is charged as a third one',
      [
        { model: 'a', chargeAs: 'b' },
        { model: 'b', chargeAs: 'gpt-4o' },
      ],
      'overrides.0.chargeAs',
    ],
  ])('a model that would be charged as %s is refused', (_what, overrides, field) => {
    expect(() => withOverrides(DEFAULT_PRICE_TABLE, overrides)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }),
    );
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
      tiered: { inputTokens: '1.10', serviceTiers: { batch: '0.5', priority: '20/11', flex: '1' } },
      tune: { chargeAs: 'mine' },
    });
    const table = withOverrides(DEFAULT_PRICE_TABLE, overrides);
    expect(table.lookup('mine', NOW)?.nanoUsdPerMillion).toEqual({
      inputTokens: 2_500_000_000,
      cachedInputTokens: 1,
      outputTokens: 10_000_000_000,
    });
    expect(cost({ inputTokens: 272_001 }, priceOrThrow(table, 'long', NOW))).toBe(1_088_004_000);
    expect(table.lookup('tiered', NOW)?.serviceTiers).toEqual({
      batch: [1, 2],
      priority: [20, 11],
      flex: [1, 1],
    });
    expect(table.lookup('tune', NOW)).toEqual(table.lookup('mine', NOW));
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
    [{ a: { inputTokens: '1', serviceTiers: [] } }, 'input_invalid', 'prices.a.serviceTiers'],
    [
      { a: { inputTokens: '1', serviceTiers: { batch: 0.5 } } },
      'input_invalid',
      'prices.a.serviceTiers.batch',
    ],
    [{ a: { chargeAs: 5 } }, 'input_invalid', 'prices.a.chargeAs'],
    [{ a: { chargeAs: 'b', inputTokens: '1' } }, 'input_invalid', 'prices.a.inputTokens'],
  ])('what is not a price is refused, naming the field: %j', (value, code, field) => {
    expect(() => parsePriceOverrides(value)).toThrow(expect.objectContaining({ code, field }));
  });
});
