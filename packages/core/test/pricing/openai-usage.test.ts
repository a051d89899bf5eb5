import { describe, expect, test } from 'vitest';
import { toolUsageFromOpenAi } from '../../src/pricing/openai-tool-usage.ts';
import { usageFromOpenAi } from '../../src/pricing/openai-usage.ts';

/** Bodies as OpenAI's API reference and recorded answers show them. */
const CHAT = {
  prompt_tokens: 2_006,
  completion_tokens: 300,
  total_tokens: 2_306,
  prompt_tokens_details: { cached_tokens: 1_920, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 192,
    audio_tokens: 0,
    accepted_prediction_tokens: 10,
    rejected_prediction_tokens: 20,
  },
};

describe('usageFromOpenAi', () => {
  test('chat: cached and reasoning tokens are parts of the totals', () => {
    expect(usageFromOpenAi(CHAT)).toEqual({
      inputTokens: 86,
      cachedInputTokens: 1_920,
      outputTokens: 108,
      reasoningTokens: 192,
    });
  });

  test('chat: cache writes are parts of the prompt, also beside cache reads', () => {
    const details = { cached_tokens: 1_024, cache_write_tokens: 500, image_tokens: 0 };
    expect(
      usageFromOpenAi({
        prompt_tokens: 2_000,
        completion_tokens: 7,
        total_tokens: 2_007,
        prompt_tokens_details: details,
      }),
    ).toEqual({
      inputTokens: 476,
      cachedInputTokens: 1_024,
      cacheWriteTokens: 500,
      outputTokens: 7,
    });
  });

  test('chat: audio is taken out of both totals', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 320,
        completion_tokens: 250,
        total_tokens: 570,
        prompt_tokens_details: {
          cached_tokens: 0,
          text_tokens: 20,
          audio_tokens: 300,
          image_tokens: 0,
        },
        completion_tokens_details: { reasoning_tokens: 0, text_tokens: 50, audio_tokens: 200 },
      }),
    ).toEqual({ inputTokens: 20, audioInputTokens: 300, outputTokens: 50, audioOutputTokens: 200 });
  });

  test('chat: a cache discount goes to text before audio, where it saves least', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 1_000,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 700, audio_tokens: 400 },
      }),
    ).toEqual({
      cachedInputTokens: 600,
      audioInputTokens: 300,
      cachedAudioInputTokens: 100,
      outputTokens: 1,
    });
  });

  test('chat: written images are charged as written', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 2_000,
        completion_tokens: 0,
        prompt_tokens_details: { cache_write_tokens: 1_900, image_tokens: 1_500 },
      }),
    ).toEqual({ cacheWriteTokens: 1_900, imageInputTokens: 100 });
  });

  test('responses: the longer cache write is a class of its own', () => {
    expect(
      usageFromOpenAi({
        input_tokens: 3_000,
        input_tokens_details: {
          cached_tokens: 1_000,
          cache_write_tokens: 1_500,
          cache_write_tokens_details: { ttl_12h_tokens: 600, ttl_30m_tokens: 900 },
        },
        output_tokens: 50,
        output_tokens_details: { reasoning_tokens: 20 },
        total_tokens: 3_050,
      }),
    ).toEqual({
      inputTokens: 500,
      cachedInputTokens: 1_000,
      cacheWriteTokens: 900,
      cacheWriteLongTokens: 600,
      outputTokens: 30,
      reasoningTokens: 20,
    });
  });

  test('embeddings have input only', () => {
    expect(usageFromOpenAi({ prompt_tokens: 8, total_tokens: 8 })).toEqual({ inputTokens: 8 });
  });

  test('images: text and image input, and output by its breakdown or as images', () => {
    const body = {
      input_tokens: 350,
      input_tokens_details: { text_tokens: 50, image_tokens: 300 },
      output_tokens: 4_160,
      total_tokens: 4_510,
    };
    expect(usageFromOpenAi(body, 'imageOutputTokens')).toEqual({
      inputTokens: 50,
      imageInputTokens: 300,
      imageOutputTokens: 4_160,
    });
    const detailed = { ...body, output_tokens_details: { text_tokens: 160, image_tokens: 4_000 } };
    expect(usageFromOpenAi(detailed, 'imageOutputTokens')).toEqual({
      inputTokens: 50,
      imageInputTokens: 300,
      outputTokens: 160,
      imageOutputTokens: 4_000,
    });
  });

  test('realtime: cached tokens are taken out of their modality', () => {
    expect(
      usageFromOpenAi({
        total_tokens: 253,
        input_tokens: 132,
        output_tokens: 121,
        input_token_details: {
          text_tokens: 119,
          audio_tokens: 13,
          image_tokens: 0,
          cached_tokens: 70,
          cached_tokens_details: { text_tokens: 64, audio_tokens: 6, image_tokens: 0 },
        },
        output_token_details: { text_tokens: 30, audio_tokens: 91 },
      }),
    ).toEqual({
      inputTokens: 55,
      cachedInputTokens: 64,
      audioInputTokens: 7,
      cachedAudioInputTokens: 6,
      outputTokens: 30,
      audioOutputTokens: 91,
    });
  });

  test('transcriptions: tokens, or time to the millisecond', () => {
    expect(
      usageFromOpenAi({
        type: 'tokens',
        input_tokens: 14,
        input_token_details: { text_tokens: 0, audio_tokens: 14 },
        output_tokens: 45,
        total_tokens: 59,
      }),
    ).toEqual({ audioInputTokens: 14, outputTokens: 45 });
    expect(usageFromOpenAi({ type: 'duration', seconds: 1.1 })).toEqual({
      audioInputMilliseconds: 1_100,
    });
    expect(usageFromOpenAi({ type: 'duration' })).toBeUndefined();
  });

  test('missing, null and unknown details are no obstacle', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: null,
        completion_tokens_details: { reasoning_tokens: null },
        queue_time: 0.01,
      }),
    ).toEqual({ inputTokens: 10, outputTokens: 5 });
  });

  test.each([
    undefined,
    null,
    'none',
    5,
    {},
    { prompt_tokens: null },
    { prompt_tokens: -1 },
    { prompt_tokens: '5' },
  ])('is undefined where there is no usage: %j', (usage) => {
    expect(usageFromOpenAi(usage)).toBeUndefined();
  });

  test('nothing used is a usage', () => {
    expect(usageFromOpenAi({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })).toEqual(
      {},
    );
  });

  test('details that contradict their total earn no discount', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 100,
        completion_tokens: 10,
        prompt_tokens_details: { cached_tokens: 150 },
        completion_tokens_details: { reasoning_tokens: 40 },
      }),
    ).toEqual({ inputTokens: 150, reasoningTokens: 40 });
  });

  test('tokens that only the grand total knows are charged as output', () => {
    expect(
      usageFromOpenAi({
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 620,
        completion_tokens_details: { reasoning_tokens: 500 },
      }),
    ).toEqual({ inputTokens: 100, outputTokens: 20, reasoningTokens: 500 });
  });
});

describe('toolUsageFromOpenAi', () => {
  test('counts web searches as reported, and file searches as items', () => {
    const output = [{ type: 'web_search_call' }, { type: 'file_search_call' }, { type: 'message' }];
    expect(
      toolUsageFromOpenAi({ output, tool_usage: { web_search: { num_requests: 3 } } }),
    ).toEqual({ webSearchCalls: 3, fileSearchCalls: 1 });
    expect(toolUsageFromOpenAi({ output })).toEqual({ webSearchCalls: 1, fileSearchCalls: 1 });
  });

  test.each([undefined, null, {}, { output: null, tool_usage: null }, { choices: [] }])(
    'is empty where there are no tools: %j',
    (body) => {
      expect(toolUsageFromOpenAi(body)).toEqual({});
    },
  );
});
