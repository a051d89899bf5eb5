import { describe, expect, test } from 'vitest';
import { isBursarError } from '../../src/errors.ts';
import { CATALOGUE_VERSION } from '../../src/pricing/catalogue/index.ts';
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
      provider: 'openai',
      version: CATALOGUE_VERSION,
      nanoUsdPerMillion: {
        inputTokens: 2_500_000_000,
        cachedInputTokens: 1_250_000_000,
        outputTokens: 10_000_000_000,
        webSearchCalls: 10_000_000_000_000,
        fileSearchCalls: 2_500_000_000_000,
      },
      serviceTiers: { batch: [1, 2], priority: [17, 10] },
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

  test('a price of some hours applies in them every day, also across midnight', () => {
    const HOUR = 3_600_000;
    const price = (inputTokens: number) => ({ nanoUsdPerMillion: { inputTokens } });
    const table = createPriceTable({
      version: 'test',
      rows: [
        {
          model: 'm',
          ids: ['m'],
          prices: [
            price(1),
            { ...price(2), dailyUtc: { fromMs: HOUR, untilMs: 4 * HOUR } },
            { ...price(3), dailyUtc: { fromMs: 23 * HOUR, untilMs: HOUR / 2 } },
          ],
        },
      ],
    });
    const at = (hour: number, ms = 0) =>
      table.lookup('m', instant(Date.UTC(2026, 10, 23) + hour * HOUR + ms))?.nanoUsdPerMillion
        .inputTokens;
    expect([at(0.25), at(0.5), at(1, -1), at(1), at(4, -1), at(4)]).toEqual([3, 1, 1, 2, 2, 1]);
    expect([at(23, -1), at(23), at(24.25), at(25)]).toEqual([1, 3, 3, 2]);
    expect(table.lookup('m', NOW)).not.toHaveProperty('dailyUtc');
  });

  test('DeepSeek costs twice as much in its busy hours', () => {
    const at = (hour: number) =>
      DEFAULT_PRICE_TABLE.lookup('deepseek-v4-pro', instant(Date.UTC(2026, 10, 23, hour)))
        ?.nanoUsdPerMillion.outputTokens;
    expect([at(0), at(1), at(4), at(6), at(10)]).toEqual([
      1_980_000_000, 3_960_000_000, 1_980_000_000, 3_960_000_000, 1_980_000_000,
    ]);
  });

  describe('with several providers', () => {
    const row = (model: string, inputTokens: number) => ({
      model,
      ids: [model],
      prices: [{ nanoUsdPerMillion: { inputTokens } }],
    });
    const maker = {
      provider: 'maker',
      aliases: ['the-maker'],
      isImplied: true,
      rows: [
        row('m-1', 1),
        { ...row('m-x', 2), ids: [], patterns: [{ startsWith: 'm-' }, { contains: 'big' }] },
      ],
    };
    const table = createPriceTable({
      version: 'test',
      providers: [
        {
          provider: 'seller',
          chargesLike: ['maker'],
          rows: [row('m-1', 10), row('maker/m-1', 20)],
        },
        maker,
      ],
      overrides: [
        { model: 'mine', prices: [{ nanoUsdPerMillion: { inputTokens: 100 } }] },
        { model: 'the-maker/own', prices: [{ nanoUsdPerMillion: { inputTokens: 200 } }] },
        { model: 'seller/m-9', prices: [{ nanoUsdPerMillion: { inputTokens: 300 } }] },
      ],
    });
    const priceOf = (model: string, provider?: string) =>
      table.lookup(model, NOW, provider)?.nanoUsdPerMillion.inputTokens;

    test('a model is looked up at the provider that is named, in a field or before a slash', () => {
      expect(priceOf('m-1')).toBe(1);
      expect(priceOf('m-1', 'seller')).toBe(10);
      expect(priceOf('seller/m-1')).toBe(10);
      expect(priceOf('maker/m-1')).toBe(1);
      expect(priceOf('The-Maker/M-1')).toBe(1);
      expect(priceOf('maker/m-1', 'the-maker')).toBe(1);
      // The seller's own id looks like a provider and a model.
      expect(priceOf('maker/m-1', 'seller')).toBe(20);
      expect(priceOf('seller/maker/m-1')).toBe(20);
    });

    test('a provider that charges like another one has its prices for what it does not list', () => {
      expect(table.lookup('m-2', NOW, 'seller')).toMatchObject({ provider: 'maker', model: 'm-x' });
      expect(priceOf('other', 'seller')).toBeUndefined();
    });

    test('a provider that is not in the catalogue has the prices of the operator only', () => {
      expect(priceOf('m-1', 'nobody')).toBeUndefined();
      expect(priceOf('mine', 'nobody')).toBe(100);
    });

    test('a row of no provider in particular is for every provider', () => {
      const { version, providers = [] } = table.source;
      const loose = createPriceTable({ version, providers, rows: [row('m-1', 5)] });
      for (const provider of [undefined, 'seller', 'nobody']) {
        expect(loose.lookup('m-1', NOW, provider)?.nanoUsdPerMillion.inputTokens).toBe(5);
      }
    });

    test('what stands before a slash and is no provider is not guessed around', () => {
      expect(priceOf('someone/m-1')).toBeUndefined();
      expect(priceOf('someone/big')).toBeUndefined();
      expect(priceOf('/m-1')).toBeUndefined();
      expect(priceOf('maker/')).toBeUndefined();
    });

    test('an own price is for its model everywhere, or at the provider that it names', () => {
      expect([priceOf('mine'), priceOf('mine', 'maker'), priceOf('seller/mine')]).toEqual([
        100, 100, 100,
      ]);
      expect([priceOf('maker/own'), priceOf('own', 'maker')]).toEqual([200, 200]);
      expect([priceOf('own'), priceOf('own', 'seller')]).toEqual([undefined, undefined]);
      expect([priceOf('m-9', 'seller'), priceOf('m-9')]).toEqual([300, 2]);
    });
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
    for (const model of ['gpt-4o', 'gpt-6-sol', 'groq/whisper-large-v3', 'grok-4.7']) {
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

  test('a model that only has sellers is refused with the first few of their names', () => {
    const refused = () => priceOrThrow(DEFAULT_PRICE_TABLE, 'llama-3.3-70b-versatile', NOW);
    expect(refused).toThrow('name the provider (it has prices at groq)');
    expect(() => priceOrThrow(DEFAULT_PRICE_TABLE, 'openai/gpt-oss-120b', NOW)).toThrow(
      /name the provider \(it has prices at (?:[a-z_-]+, ){5}…/,
    );
    expect(() => priceOrThrow(DEFAULT_PRICE_TABLE, 'gpt-4o', NOW, 'nobody')).toThrow(
      'the model "gpt-4o" at the provider "nobody"',
    );
  });
});
