/** Usage reports of every provider style, taken apart, priced, and disbelieved where they are absurd. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropicUsageAfter, readAnthropicUsage } from '../../src/pricing/anthropic-usage.ts';
import { cost } from '../../src/pricing/cost.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { readGenericUsage } from '../../src/pricing/generic-usage.ts';
import { readGoogleUsage } from '../../src/pricing/google-usage.ts';
import { readOpenAiUsage, serviceTierOfOpenAi } from '../../src/pricing/openai-usage.ts';
import { priceOrThrow } from '../../src/pricing/price-table.ts';
import { readUsage } from '../../src/pricing/read-usage.ts';
import { TOKENS_PER_CALL_MAX, type UsageReading } from '../../src/pricing/usage-reading.ts';
import { checkUsage, totalInputTokens, totalOutputTokens } from '../../src/pricing/usage.ts';
import { instant } from '../../src/time.ts';
import { RUN } from './arbitraries.ts';
import { RECORDED_ANSWERS } from './recorded-answers.ts';

const NOW = instant(Date.UTC(2026, 10, 25));

describe('F42: cached tokens, in every provider style', () => {
  test.each(RECORDED_ANSWERS)('$what', ({ style, model, body, tokens, microUsd, ...expected }) => {
    const { usage, serviceTier, problems } = readUsage(style, body);
    expect(problems).toEqual([]);
    expect(usage).toEqual(expected.usage);
    expect(serviceTier).toBe(expected.serviceTier);
    // No token is in two classes, and none is lost.
    expect(totalInputTokens(usage ?? {})).toBe(tokens.input);
    expect(totalOutputTokens(usage ?? {})).toBe(tokens.output);
    const price = priceOrThrow(DEFAULT_PRICE_TABLE, model, NOW);
    expect(cost(usage ?? {}, price, serviceTier)).toBe(Math.ceil(microUsd * 1_000));
  });

  test('a stream of Anthropic says in the end what its whole message would', () => {
    const start = {
      type: 'message_start',
      message: {
        usage: {
          input_tokens: 25,
          cache_creation_input_tokens: 100,
          cache_read_input_tokens: 1_000,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
          output_tokens: 1,
          service_tier: 'standard',
        },
      },
    };
    const events = [
      start,
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hello' } },
      { type: 'message_delta', usage: { output_tokens: 15, cache_read_input_tokens: null } },
      { type: 'message_delta', usage: { output_tokens: 40, input_tokens: 30 } },
      { type: 'message_stop' },
    ];
    const report = events.reduce(anthropicUsageAfter, {});
    expect(readAnthropicUsage(report)).toEqual({
      usage: {
        inputTokens: 30,
        cachedInputTokens: 1_000,
        cacheWriteLongTokens: 100,
        outputTokens: 40,
      },
      serviceTier: 'standard',
      problems: [],
    });
  });

  test('Anthropic’s writes without a breakdown lived five minutes', () => {
    const { usage } = readAnthropicUsage({
      input_tokens: 5,
      output_tokens: 5,
      cache_creation_input_tokens: 700,
    });
    expect(usage).toMatchObject({ cacheWriteTokens: 700 });
    expect(usage).not.toHaveProperty('cacheWriteLongTokens');
  });
});

describe('service tiers', () => {
  test.each([
    ['auto', 'standard'],
    ['default', 'standard'],
    ['scale', 'standard'],
    ['flex', 'flex'],
    ['priority', 'priority'],
    ['fast', 'priority'],
    ['ultrafast', 'ultrafast'],
    ['batch', 'batch'],
    ['warp', 'other'],
    [undefined, undefined],
    [null, undefined],
  ])('OpenAI’s %s is %s', (service_tier, expected) => {
    expect(serviceTierOfOpenAi({ service_tier })).toBe(expected);
  });

  test.each([
    [{ service_tier: 'priority' }, 'standard'],
    [{ service_tier: 'batch' }, 'batch'],
    [{ service_tier: 'standard', speed: 'fast' }, 'priority'],
    [{ service_tier: 'warp' }, 'other'],
    [{}, undefined],
  ])('Anthropic’s %j is %s', (fields, expected) => {
    const report = { input_tokens: 1, output_tokens: 1, ...fields };
    expect(readAnthropicUsage(report).serviceTier).toBe(expected);
  });

  test.each([
    [{ trafficType: 'ON_DEMAND' }, 'standard'],
    [{ trafficType: 'ON_DEMAND_PRIORITY' }, 'priority'],
    [{ serviceTier: 'flex' }, 'flex'],
    [{ trafficType: 'PROVISIONED_THROUGHPUT' }, 'standard'],
    [{ trafficType: 'BY_CAMEL' }, 'other'],
    [{}, undefined],
  ])('Google’s %j is %s', (fields, expected) => {
    expect(readGoogleUsage({ promptTokenCount: 1, ...fields }).serviceTier).toBe(expected);
  });
});

/** A report of each style with `input`, `output` and `cached` tokens, and the names that it gives them. */
const STYLES: readonly (readonly [
  string,
  (counts: { input: unknown; output: unknown; cached: unknown }) => UsageReading,
  { readonly input: string; readonly cached: string },
])[] = [
  [
    'OpenAI chat',
    ({ input, output, cached }) =>
      readOpenAiUsage({
        prompt_tokens: input,
        completion_tokens: output,
        prompt_tokens_details: { cached_tokens: cached },
      }),
    { input: 'prompt_tokens', cached: 'prompt_tokens_details.cached_tokens' },
  ],
  [
    'OpenAI responses',
    ({ input, output, cached }) =>
      readOpenAiUsage({
        input_tokens: input,
        output_tokens: output,
        input_tokens_details: { cached_tokens: cached },
      }),
    { input: 'input_tokens', cached: 'input_tokens_details.cached_tokens' },
  ],
  [
    'Gemini',
    ({ input, output, cached }) =>
      readGoogleUsage({
        promptTokenCount: input,
        candidatesTokenCount: output,
        cachedContentTokenCount: cached,
      }),
    { input: 'promptTokenCount', cached: 'cachedContentTokenCount' },
  ],
  [
    'generic',
    ({ input, output, cached }) =>
      readGenericUsage({ inputTokens: input, outputTokens: output, cachedInputTokens: cached }),
    { input: 'inputTokens', cached: 'cachedInputTokens' },
  ],
];

describe.each(STYLES)('an absurd report in the style of %s', (_style, read, names) => {
  test.each([
    [-1, 'negative', '-1'],
    [Number.NaN, 'not_a_number', 'NaN'],
    ['12', 'not_a_number', '12'],
    [{}, 'not_a_number', 'a value of type object'],
    [TOKENS_PER_CALL_MAX + 1, 'too_large', '1000000001'],
    [Number.POSITIVE_INFINITY, 'too_large', 'Infinity'],
  ])('has no usage when its total is %j, and says why', (input, kind, given) => {
    const { usage, problems } = read({ input, output: 5, cached: 0 });
    expect(usage).toBeUndefined();
    expect(problems).toContainEqual({
      kind,
      field: names.input,
      given,
      used: null,
    });
  });

  test('counts the started token of a fraction, and says so', () => {
    const { usage, problems } = read({ input: 10.2, output: 5, cached: 0 });
    expect(usage).toEqual({ inputTokens: 11, outputTokens: 5 });
    expect(problems).toEqual([{ kind: 'fractional', field: names.input, given: '10.2', used: 11 }]);
  });

  test('gives no discount for more cached tokens than there were, and counts them', () => {
    const { usage, problems } = read({ input: 10, output: 5, cached: 1_000 });
    expect(usage).toEqual({ inputTokens: 1_000, outputTokens: 5 });
    expect(problems).toContainEqual({
      kind: 'exceeds_total',
      field: names.cached,
      given: '1000',
      used: 0,
    });
  });

  test.each([-5, Number.NaN, 1e12, 'many'])('gives no discount for %j cached tokens', (cached) => {
    const { usage, problems } = read({ input: 10, output: 5, cached });
    expect(usage).toEqual({ inputTokens: 10, outputTokens: 5 });
    expect(problems).toMatchObject([{ field: names.cached, used: 0 }]);
  });

  test('is none when nothing is there', () => {
    const nothing = { usage: undefined, serviceTier: undefined, problems: [] };
    expect(read({ input: undefined, output: null, cached: 5 })).toEqual(nothing);
  });
});

describe('an absurd report of Anthropic', () => {
  test.each([
    [{ input_tokens: -1 }, 'input_tokens'],
    [{ cache_read_input_tokens: 1e12 }, 'cache_read_input_tokens'],
    [{ cache_creation_input_tokens: 'x' }, 'cache_creation_input_tokens'],
  ])('has no usage: %j', (fields, field) => {
    const { usage, problems } = readAnthropicUsage({
      input_tokens: 1,
      output_tokens: 1,
      ...fields,
    });
    expect(usage).toBeUndefined();
    expect(problems).toMatchObject([{ field, used: null }]);
  });

  test('whose breakdown does not explain its total has written the rest for an hour', () => {
    const { usage, problems } = readAnthropicUsage({
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 20 },
    });
    expect(usage).toMatchObject({ cacheWriteTokens: 30, cacheWriteLongTokens: 70 });
    expect(problems).toMatchObject([{ kind: 'missing_from_parts', used: 70 }]);
  });

  test('whose breakdown has more than its total counts the breakdown', () => {
    const { usage, problems } = readAnthropicUsage({
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 10,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 20 },
    });
    expect(usage).toMatchObject({ cacheWriteTokens: 30, cacheWriteLongTokens: 20 });
    expect(problems).toMatchObject([{ kind: 'exceeds_total', field: 'cache_creation' }]);
  });
});

describe('an absurd report of Google', () => {
  test('with more by modality than in total counts the modalities', () => {
    const { usage, problems } = readGoogleUsage({
      promptTokenCount: 10,
      candidatesTokenCount: 0,
      promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 50 }],
    });
    expect(usage).toEqual({ audioInputTokens: 50 });
    expect(problems).toMatchObject([{ kind: 'exceeds_total', field: 'promptTokensDetails' }]);
  });

  test('with a modality that nobody knows counts it as text and says so', () => {
    const { usage, problems } = readGoogleUsage({
      promptTokenCount: 10,
      promptTokensDetails: [{ modality: 'SMELL', tokenCount: 10 }],
    });
    expect(usage).toEqual({ inputTokens: 10 });
    expect(problems).toEqual([
      {
        kind: 'unknown_name',
        field: 'promptTokensDetails.0.modality',
        given: 'SMELL',
        used: 10,
      },
    ]);
  });

  test('whose total has more than its parts has answered the rest', () => {
    const { usage } = readGoogleUsage({
      promptTokenCount: 10,
      candidatesTokenCount: 5,
      totalTokenCount: 40,
    });
    expect(usage).toEqual({ inputTokens: 10, outputTokens: 30 });
  });
});

describe('any report at all', () => {
  const count = fc.option(fc.oneof(fc.nat(100_000), fc.double(), fc.constant('5')), {
    nil: undefined,
  });
  const modalities = fc.array(
    fc.record({
      modality: fc.constantFrom('TEXT', 'AUDIO', 'IMAGE', 'VIDEO', 'X'),
      tokenCount: count,
    }),
    { maxLength: 4 },
  );

  test.each(['openai', 'anthropic', 'google', 'generic'] as const)(
    'in the style of %s is read without failing',
    (style) => {
      fc.assert(
        fc.property(fc.anything(), fc.anything(), (usage, body) => {
          for (const answer of [body, { usage, usageMetadata: usage }]) {
            const reading = readUsage(style, answer);
            if (reading.usage !== undefined) checkUsage(reading.usage);
          }
        }),
        RUN,
      );
    },
  );

  test('of Google never has fewer tokens than any of its totals', () => {
    const report = fc.record({
      promptTokenCount: fc.nat(100_000),
      candidatesTokenCount: fc.nat(100_000),
      cachedContentTokenCount: count,
      thoughtsTokenCount: fc.nat(1_000),
      totalTokenCount: count,
      promptTokensDetails: modalities,
      cacheTokensDetails: modalities,
      candidatesTokensDetails: modalities,
    });
    fc.assert(
      fc.property(report, (metadata) => {
        const { usage = {} } = readGoogleUsage(metadata);
        checkUsage(usage);
        expect(totalInputTokens(usage)).toBeGreaterThanOrEqual(metadata.promptTokenCount);
        expect(totalOutputTokens(usage)).toBeGreaterThanOrEqual(
          metadata.candidatesTokenCount + metadata.thoughtsTokenCount,
        );
      }),
      RUN,
    );
  });
});
