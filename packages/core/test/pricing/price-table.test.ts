import { describe, expect, test } from 'vitest';
import { isBursarError } from '../../src/errors.ts';
import { OPENAI_PRICES_VERSION } from '../../src/pricing/catalogue/openai.ts';
import { checkPrice } from '../../src/pricing/check-price.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { MODEL_LENGTH_MAX } from '../../src/pricing/model-match.ts';
import { createPriceTable, priceOrThrow } from '../../src/pricing/price-table.ts';
import type { Json } from '../../src/account/ledger-entry.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 23));

function modelOf(model: string): string | undefined {
  return DEFAULT_PRICE_TABLE.lookup(model, NOW)?.model;
}

describe('lookup', () => {
  test('gpt-4o costs 2.50 in, 1.25 cached and 10.00 out, in USD per million tokens', () => {
    expect(DEFAULT_PRICE_TABLE.lookup('gpt-4o', NOW)).toEqual({
      model: 'gpt-4o',
      version: OPENAI_PRICES_VERSION,
      nanoUsdPerMillion: {
        inputTokens: 2_500_000_000,
        cachedInputTokens: 1_250_000_000,
        outputTokens: 10_000_000_000,
        webSearchCalls: 10_000_000_000_000,
        fileSearchCalls: 2_500_000_000_000,
      },
    });
  });

  test.each([
    ['gpt-4o-2024-08-06', 'gpt-4o'],
    ['gpt-4o-2024-05-13', 'gpt-4o-2024-05-13'],
    ['gpt-6-sol-2026-09-22', 'gpt-6-sol'],
    ['gpt-6-astra-2026-09-03', 'gpt-6-astra'],
    ['ft:gpt-4o-2024-08-06:acme::abc123', 'ft:gpt-4o'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc123', 'ft:gpt-4o-mini'],
    ['ft:gpt-3.5-turbo-0125:acme::abc123', 'ft:gpt-3.5-turbo-'],
    ['gpt-4o-audio-preview-2025-06-03', 'gpt-4o-audio-preview'],
    ['text-embedding-3-small', 'text-embedding-3-small'],
    ['omni-moderation-latest', 'moderation'],
    ['gpt-6.2-sol', 'gpt-6.2-sol'],
    ['  GPT-4o ', 'gpt-4o'],
  ])('%s is charged as %s', (model, row) => {
    expect(modelOf(model)).toBe(row);
  });

  test.each([
    'gpt-9',
    '',
    '   ',
    'gpt-4o-2031-01-01',
    'gpt-6-sol-2026-09',
    'gpt-6-sol-2026-09-22-preview',
    'openai/gpt-4o',
    '__proto__',
    'constructor',
    'my-moderation-model',
    'ft:gpt-9:acme::x',
    'x'.repeat(MODEL_LENGTH_MAX + 1),
  ])('a model that no row names is unknown: %j', (model) => {
    expect(modelOf(model)).toBeUndefined();
  });

  test('a price applies from its instant on, and the one before it until then', () => {
    const cut = Date.UTC(2025, 5, 10);
    const before = DEFAULT_PRICE_TABLE.lookup('o3', instant(cut - 1));
    const after = DEFAULT_PRICE_TABLE.lookup('o3-2025-04-16', instant(cut));
    expect(before?.nanoUsdPerMillion.inputTokens).toBe(10_000_000_000);
    expect(before?.nanoUsdPerMillion.outputTokens).toBe(40_000_000_000);
    expect(after?.nanoUsdPerMillion.inputTokens).toBe(2_000_000_000);
    expect(after?.nanoUsdPerMillion.outputTokens).toBe(8_000_000_000);
  });

  test('the earliest row wins, whether it matches by id or by pattern', () => {
    const price = (inputTokens: number) => [{ nanoUsdPerMillion: { inputTokens } }];
    const table = createPriceTable({
      version: 'test',
      rows: [
        { model: 'first', ids: ['a-1'], prices: price(1) },
        { model: 'second', ids: [], patterns: [{ startsWith: 'a-' }], prices: price(2) },
        { model: 'third', ids: ['a-1', 'a-2', 'b'], prices: price(3) },
      ],
    });
    expect(table.lookup('a-1', NOW)?.model).toBe('first');
    expect(table.lookup('a-2', NOW)?.model).toBe('second');
    expect(table.lookup('b', NOW)?.model).toBe('third');
  });

  test('a price survives JSON unchanged, and a stored price is checked', () => {
    for (const model of ['gpt-4o', 'gpt-6-sol']) {
      const price = priceOrThrow(DEFAULT_PRICE_TABLE, model, NOW);
      const stored: Json = price;
      expect(checkPrice(JSON.parse(JSON.stringify(stored)))).toEqual(price);
    }
  });

  test.each([
    [null, 'price'],
    [{ model: 'm', version: 'v' }, 'price.nanoUsdPerMillion'],
    [{ model: 'm', version: '', nanoUsdPerMillion: { inputTokens: 1 } }, 'price.version'],
    [{ model: 'm', version: 'v', nanoUsdPerMillion: {} }, 'price.nanoUsdPerMillion'],
    [
      { model: 'm', version: 'v', nanoUsdPerMillion: { words: 1 } },
      'price.nanoUsdPerMillion.words',
    ],
    [
      { model: 'm', version: 'v', nanoUsdPerMillion: { inputTokens: -1 } },
      'price.nanoUsdPerMillion.inputTokens',
    ],
    [
      { model: 'm', version: 'v', nanoUsdPerMillion: { inputTokens: 0.5 } },
      'price.nanoUsdPerMillion.inputTokens',
    ],
    [
      {
        model: 'm',
        version: 'v',
        nanoUsdPerMillion: { inputTokens: 1 },
        contextTiers: [
          { aboveInputTokens: 5, nanoUsdPerMillion: { inputTokens: 1 } },
          { aboveInputTokens: 5, nanoUsdPerMillion: { inputTokens: 2 } },
        ],
      },
      'price.contextTiers.1.aboveInputTokens',
    ],
  ])('a malformed price is refused, naming the field: %j', (value, field) => {
    expect(() => checkPrice(value)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }),
    );
  });
});

describe('priceOrThrow', () => {
  test('an unknown model is refused with its name and what to do', () => {
    try {
      priceOrThrow(DEFAULT_PRICE_TABLE, 'gpt-9', NOW);
      expect.unreachable();
    } catch (error) {
      expect(isBursarError(error) && error.code).toBe('price_unknown');
      expect((error as Error).message).toContain('"gpt-9"');
      expect((error as Error).message).toContain('BURSAR_PRICES_FILE');
    }
  });
});
