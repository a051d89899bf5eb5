import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { usageFromOpenAi } from '../../src/pricing/openai-usage.ts';
import { checkUsage, totalInputTokens, totalOutputTokens } from '../../src/pricing/usage.ts';
import { RUN } from './arbitraries.ts';

const count = fc.nat(100_000);

/** A chat report whose details are true parts of their totals. */
const consistent = fc
  .record({
    text: count,
    audio: count,
    image: count,
    cachedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    writtenShare: fc.double({ min: 0, max: 1, noNaN: true }),
    answer: count,
    reasoning: count,
    audioAnswer: count,
  })
  .map(({ text, audio, image, cachedShare, writtenShare, answer, reasoning, audioAnswer }) => {
    const prompt_tokens = text + audio + image;
    const completion_tokens = answer + reasoning + audioAnswer;
    const cached_tokens = Math.floor(prompt_tokens * cachedShare);
    return {
      prompt_tokens,
      completion_tokens,
      total_tokens: prompt_tokens + completion_tokens,
      prompt_tokens_details: {
        cached_tokens,
        cache_write_tokens: Math.floor((prompt_tokens - cached_tokens) * writtenShare),
        audio_tokens: audio,
        image_tokens: image,
      },
      completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: audioAnswer },
    };
  });

describe('usageFromOpenAi', () => {
  test('puts every token of a consistent report into exactly one class', () => {
    fc.assert(
      fc.property(consistent, (report) => {
        const usage = checkUsage(usageFromOpenAi(report));
        expect(totalInputTokens(usage)).toBe(report.prompt_tokens);
        expect(totalOutputTokens(usage)).toBe(report.completion_tokens);
        const { cached_tokens, audio_tokens } = report.prompt_tokens_details;
        const sum = (...counts: (number | undefined)[]) =>
          counts.reduce<number>((total, part) => total + (part ?? 0), 0);
        expect(
          sum(usage.cachedInputTokens, usage.cachedImageInputTokens, usage.cachedAudioInputTokens),
        ).toBe(cached_tokens);
        expect(sum(usage.audioInputTokens, usage.cachedAudioInputTokens)).toBe(audio_tokens);
        expect(sum(usage.reasoningTokens)).toBe(report.completion_tokens_details.reasoning_tokens);
      }),
      RUN,
    );
  });

  test('makes valid usage of any numbers, and never fewer tokens than any total says', () => {
    const maybe = fc.option(count, { nil: undefined });
    const details = fc.record({
      cached_tokens: maybe,
      cache_write_tokens: maybe,
      audio_tokens: maybe,
      image_tokens: maybe,
      text_tokens: maybe,
      reasoning_tokens: maybe,
      cached_tokens_details: fc.record({
        text_tokens: maybe,
        audio_tokens: maybe,
        image_tokens: maybe,
      }),
      cache_write_tokens_details: fc.record({ ttl_12h_tokens: maybe, ttl_30m_tokens: maybe }),
    });
    fc.assert(
      fc.property(
        count,
        maybe,
        maybe,
        details,
        details,
        (input, output, total, inside, outside) => {
          const usage = checkUsage(
            usageFromOpenAi({
              input_tokens: input,
              output_tokens: output,
              total_tokens: total,
              input_tokens_details: inside,
              output_tokens_details: outside,
            }),
          );
          expect(totalInputTokens(usage)).toBeGreaterThanOrEqual(input);
          expect(totalOutputTokens(usage)).toBeGreaterThanOrEqual(output ?? 0);
          expect(totalInputTokens(usage) + totalOutputTokens(usage)).toBeGreaterThanOrEqual(
            total ?? 0,
          );
          expect(totalOutputTokens(usage)).toBeGreaterThanOrEqual(outside.reasoning_tokens ?? 0);
          expect(totalOutputTokens(usage)).toBeGreaterThanOrEqual(outside.text_tokens ?? 0);
        },
      ),
      RUN,
    );
  });

  test('reads anything at all without failing', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const usage = usageFromOpenAi(value);
        if (usage !== undefined) checkUsage(usage);
      }),
      RUN,
    );
  });
});
