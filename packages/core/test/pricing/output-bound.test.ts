import { describe, expect, test } from 'vitest';
import { OPENAI } from '../../src/pricing/catalogue/openai.ts';
import { outputTokensBound } from '../../src/pricing/output-bound.ts';
import { textTokensUpperBound } from '../../src/pricing/text-bound.ts';

describe('outputTokensBound', () => {
  test.each([
    ['gpt-4o', 16_384],
    ['gpt-4o-mini-2024-07-18', 16_384],
    ['gpt-4o-2024-05-13', 4_096],
    ['ft:gpt-4o-2024-08-06:acme::abc123', 16_384],
    ['gpt-4.1-nano', 32_768],
    ['gpt-4-turbo-2024-04-09', 4_096],
    ['gpt-4', 8_192],
    ['gpt-4-0613', 8_192],
    ['gpt-3.5-turbo-0125', 4_096],
    ['gpt-3.5-turbo-16k', 16_385],
    ['gpt-5-mini', 128_000],
    ['gpt-5-pro-2025-10-06', 272_000],
    ['gpt-5.2-pro', 128_000],
    ['gpt-5.1-chat-latest', 16_384],
    ['gpt-6-sol-2026-09-22', 128_000],
    ['GPT-6.2-Sol', 128_000],
    ['o1', 100_000],
    ['o1-mini', 65_536],
    ['o1-preview-2024-09-12', 32_768],
    ['o3-mini', 100_000],
    ['o4-mini-deep-research', 100_000],
    ['text-embedding-3-large', 0],
    ['omni-moderation-latest', 0],
  ])('%s answers with at most %i tokens', (model, bound) => {
    expect(outputTokensBound(model)).toBe(bound);
  });

  test.each(['', 'gpt-7', 'gpt-5.9', 'gpt-50', 'o10', 'claude-opus-5', 'x'.repeat(300)])(
    'a model that is not listed has no bound: %j',
    (model) => {
      expect(outputTokensBound(model)).toBeUndefined();
    },
  );

  test('no model without an output price is given an output bound above zero', () => {
    for (const { ids, prices } of OPENAI.rows) {
      const charged = prices.some((price) => price.nanoUsdPerMillion.outputTokens !== undefined);
      if (!charged) for (const id of ids) expect(outputTokensBound(id) ?? 0, id).toBe(0);
    }
  });
});

describe('textTokensUpperBound', () => {
  test('a text has at most as many tokens as bytes', () => {
    expect(textTokensUpperBound(0)).toBe(0);
    expect(textTokensUpperBound(4_096)).toBe(4_096);
  });

  test.each([-1, 0.5, Number.NaN, 1e11])('%d bytes are refused', (bytes) => {
    expect(() => textTokensUpperBound(bytes)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field: 'utf8Bytes' }),
    );
  });
});
