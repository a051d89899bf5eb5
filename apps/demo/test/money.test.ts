import { describe, expect, test } from 'vitest';
import { callCost } from '../src/money/call-cost.ts';
import { modelPrice, type ModelPrice } from '../src/money/model-prices.ts';
import { formatUsd, parseUsd, showNanoUsd, showUsd } from '../src/money/nano-usd.ts';
import { surveyTrace } from '../src/trace/survey-trace.ts';

const GPT_4O: ModelPrice = {
  inputNanoUsdPerMillion: 2_500_000_000n,
  outputNanoUsdPerMillion: 10_000_000_000n,
};

describe('amounts', () => {
  test.each([
    ['5', 5_000_000_000n, '5.00', '$5.00', '$5.000000000'],
    ['0.0009615', 961_500n, '0.0009615', '$0.0009615', '$0.000961500'],
    ['-1096.791325', -1_096_791_325_000n, '-1096.791325', '-$1,096.791325', '-$1,096.791325000'],
    ['0.000000001', 1n, '0.000000001', '$0.000000001', '$0.000000001'],
    [
      '9007199.254740991',
      9_007_199_254_740_991n,
      '9007199.254740991',
      '$9,007,199.254740991',
      '$9,007,199.254740991',
    ],
  ])('%s is read and shown exactly', (text, nanoUsd, formatted, shown, long) => {
    expect(parseUsd(text)).toBe(nanoUsd);
    expect(formatUsd(nanoUsd)).toBe(formatted);
    expect(showUsd(nanoUsd)).toBe(shown);
    expect(showNanoUsd(nanoUsd)).toBe(long);
  });

  test.each(['', '.5', '1.', '1e3', '1.0000000001', '$1', '1,000'])('%j is refused', (text) => {
    expect(() => parseUsd(text)).toThrow('is not decimal USD');
  });
});

describe('what calls must cost', () => {
  test('tokens times price, as OpenAI lists it', () => {
    expect(modelPrice('gpt-4o')).toEqual(GPT_4O);
    expect(callCost({ inputTokens: 374, outputTokens: 44 }, GPT_4O)).toBe(1_375_000n);
    expect(callCost({ inputTokens: 22_361_870, outputTokens: 4_088_665 }, GPT_4O)).toBe(
      96_791_325_000n,
    );
  });

  test('a fraction of a nano-dollar is rounded up, once', () => {
    const price = { inputNanoUsdPerMillion: 1n, outputNanoUsdPerMillion: 1n };
    expect(callCost({ inputTokens: 0, outputTokens: 0 }, price)).toBe(0n);
    expect(callCost({ inputTokens: 1, outputTokens: 1 }, price)).toBe(1n);
    expect(callCost({ inputTokens: 999_999, outputTokens: 2 }, price)).toBe(2n);
  });

  test('a trace is summed up call by call', async () => {
    async function* rows() {
      yield { arrivedAtMs: 1_000, contextTokens: 100, generatedTokens: 10 };
      yield { arrivedAtMs: 4_500, contextTokens: 200, generatedTokens: 30 };
    }
    expect(await surveyTrace(rows(), GPT_4O)).toEqual({
      calls: 2,
      contextTokens: 300,
      generatedTokens: 40,
      durationMs: 3_500,
      costNanoUsd: 1_150_000n,
    });
  });
});
