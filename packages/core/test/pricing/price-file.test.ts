/** The prices file: what it says, and when it cannot be meant. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import {
  changesOf,
  parsePriceFile,
  priceFileProblems,
  withPriceFile,
} from '../../src/pricing/price-file.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 25));
const TABLE = DEFAULT_PRICE_TABLE;
const GPT_4O = { inputTokens: '2.50', cachedInputTokens: '1.25', outputTokens: '10' };

const load = (value: unknown) => withPriceFile(TABLE, parsePriceFile(value), NOW);

describe('a prices file', () => {
  test('is its models alone, or its models with a date', () => {
    const models = { mine: { inputTokens: '1', outputTokens: '2' } };
    const alone = load(models);
    const dated = load({ date: '2026-12-01', models });
    expect(alone.lookup('mine', NOW)?.nanoUsdPerMillion.outputTokens).toBe(2_000_000_000);
    expect(dated.version).toBe(alone.version);
  });

  test.each([
    [[], 'prices'],
    [{ models: {}, owner: 'me' }, 'prices.owner'],
    [{ models: {}, date: 'yesterday' }, 'prices.date'],
    [{ models: {}, date: '2026-13-01' }, 'prices.date'],
    [{ models: {}, force: false }, 'prices.force'],
    [{ models: {}, force: ['a', 5] }, 'prices.force'],
    [{ models: { m: { inputTokens: 0.5 } } }, 'prices.m.inputTokens'],
    [{ models: { m: { chargeAs: 'gpt-9' } } }, 'overrides.0.chargeAs'],
    [
      { models: { m: { inputTokens: '1', serviceTiers: { slow: '0.5' } } } },
      'overrides.0.prices.0.serviceTiers.slow',
    ],
    [
      { models: { m: { inputTokens: '1', serviceTiers: { batch: '1/7' } } } },
      'overrides.0.prices.0.serviceTiers.batch',
    ],
    [
      { models: { m: { inputTokens: '1', serviceTiers: { batch: '0' } } } },
      'overrides.0.prices.0.serviceTiers.batch',
    ],
  ])('that cannot be understood is refused, naming the field: %j', (value, field) => {
    expect(() => load(value)).toThrow(expect.objectContaining({ code: 'input_invalid', field }));
  });
});

describe('a price that changes by more than a factor of a hundred', () => {
  // 2,500 instead of 2.50: per thousand where per million was meant; and per token.
  test.each(['2500', '0.0000025'])('is refused: %s USD for input of gpt-4o', (inputTokens) => {
    const value = { 'gpt-4o': { ...GPT_4O, inputTokens } };
    expect(() => load(value)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field: 'prices.gpt-4o.inputTokens' }),
    );
    expect(() => load(value)).toThrow(/was 2\.50.*name the model in "force"/);
  });

  test('is let through for the models that force names, and with true for all', () => {
    const models = { 'gpt-4o': { ...GPT_4O, inputTokens: '2500' } };
    const forced = load({ force: ['gpt-4o'], models });
    expect(forced.lookup('gpt-4o', NOW)?.nanoUsdPerMillion.inputTokens).toBe(2_500_000_000_000);
    expect(load({ force: true, models }).version).toBe(forced.version);
    expect(() => load({ force: ['gpt-4o-mini'], models })).toThrow('prices.gpt-4o.inputTokens');
  });

  test('is found in a price of the future and above a threshold too', () => {
    const models = {
      'gpt-4o': [GPT_4O, { ...GPT_4O, effectiveFrom: '2027-01-01', outputTokens: '10000' }],
      'gpt-6-sol': {
        inputTokens: '2',
        outputTokens: '10',
        contextTiers: [{ aboveInputTokens: 272_000, inputTokens: '4000' }],
      },
    };
    expect(priceFileProblems(TABLE, parsePriceFile(models), NOW).map(({ field }) => field)).toEqual(
      expect.arrayContaining(['prices.gpt-4o.outputTokens', 'prices.gpt-6-sol.inputTokens']),
    );
  });

  test('is judged by what applies then: a price of the past is nobody’s business', () => {
    const models = {
      'gpt-4o': [
        { ...GPT_4O, inputTokens: '2500' },
        { ...GPT_4O, effectiveFrom: '2026-01-01' },
      ],
    };
    expect(priceFileProblems(TABLE, parsePriceFile(models), NOW)).toEqual([]);
  });

  test('of a model that nobody had a price for is none, and neither is free', () => {
    expect(() => load({ mine: { inputTokens: '9000000' } })).not.toThrow();
    expect(() => load({ 'gpt-4o': { inputTokens: '0', outputTokens: '0' } })).not.toThrow();
  });
});

describe('a file that is older than the catalogue', () => {
  test('is refused, and with the date of the catalogue it is not', () => {
    const { date = '' } = TABLE.source;
    const models = { mine: { inputTokens: '1' } };
    expect(() => load({ date: '2026-01-01', models })).toThrow(
      expect.objectContaining({ code: 'input_invalid', field: 'prices.date' }),
    );
    expect(() => load({ date: '2026-01-01', models })).toThrow(`the catalogue is of ${date}`);
    expect(() => load({ date, models })).not.toThrow();
    expect(() => load({ date: '2026-01-01', force: true, models })).not.toThrow();
  });
});

describe('changesOf', () => {
  test('says from when on what changes', () => {
    const file = parsePriceFile({
      'gpt-4o': [GPT_4O, { ...GPT_4O, effectiveFrom: '2027-01-01', outputTokens: '5' }],
      tune: { chargeAs: 'gpt-4o-mini' },
    });
    const changes = changesOf(TABLE, file, NOW);
    expect(changes.map(({ model, atMs }) => [model, new Date(atMs).toISOString()])).toEqual([
      ['gpt-4o', '2026-11-25T00:00:00.000Z'],
      ['gpt-4o', '2027-01-01T00:00:00.000Z'],
      ['tune', '2026-11-25T00:00:00.000Z'],
    ]);
    expect(changes[1]?.changes).toContainEqual({
      what: 'outputTokens',
      aboveInputTokens: 0,
      before: 10_000_000_000,
      after: 5_000_000_000,
    });
    expect(changes[2]?.changes).toContainEqual({
      what: 'inputTokens',
      aboveInputTokens: 0,
      before: undefined,
      after: 150_000_000,
    });
  });
});
