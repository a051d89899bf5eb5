/**
 * Whole answers of providers, shaped like those that they send, with what they used and what that costs by the
 * arithmetic that the provider publishes. Numbers and texts are made up.
 */
import type { ServiceTier } from '../../src/pricing/service-tier.ts';
import type { UsageStyle } from '../../src/pricing/usage-reading.ts';
import type { Usage } from '../../src/pricing/usage.ts';

/** An answer and what it comes to. */
export interface RecordedAnswer {
  readonly what: string;
  readonly style: UsageStyle;
  readonly model: string;
  readonly body: unknown;
  readonly usage: Usage;
  readonly serviceTier?: ServiceTier;
  /** Tokens that the body says went in and came out, however it counts them. */
  readonly tokens: { readonly input: number; readonly output: number };
  /** Millionths of a dollar: tokens times USD per million tokens, line by line as on the provider's page. */
  readonly microUsd: number;
}

export const RECORDED_ANSWERS: readonly RecordedAnswer[] = [
  {
    what: 'OpenAI chat with a cached prompt: cached tokens are inside prompt_tokens',
    style: 'openai',
    model: 'gpt-4o',
    body: {
      id: 'chatcmpl-C2r7',
      object: 'chat.completion',
      created: 1_795_600_000,
      model: 'gpt-4o-2024-08-06',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Yes.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 2_006,
        completion_tokens: 300,
        total_tokens: 2_306,
        prompt_tokens_details: { cached_tokens: 1_920, audio_tokens: 0 },
        completion_tokens_details: {
          reasoning_tokens: 0,
          audio_tokens: 0,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
      },
      service_tier: 'default',
      system_fingerprint: 'fp_44709d6fcb',
    },
    usage: { inputTokens: 86, cachedInputTokens: 1_920, outputTokens: 300 },
    serviceTier: 'standard',
    tokens: { input: 2_006, output: 300 },
    microUsd: 86 * 2.5 + 1_920 * 1.25 + 300 * 10,
  },
  {
    what: 'OpenAI response with cache reads, writes of both lifetimes and a search, in flex',
    style: 'openai',
    model: 'gpt-6-sol',
    body: {
      id: 'resp_68a1',
      object: 'response',
      status: 'completed',
      model: 'gpt-6-sol-2026-09-22',
      output: [
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'So.' }] },
      ],
      service_tier: 'flex',
      tool_usage: { web_search: { num_requests: 1 } },
      usage: {
        input_tokens: 10_000,
        input_tokens_details: { cached_tokens: 6_000, cache_write_tokens: 3_000 },
        output_tokens: 1_200,
        output_tokens_details: { reasoning_tokens: 900 },
        total_tokens: 11_200,
      },
    },
    usage: {
      inputTokens: 1_000,
      cachedInputTokens: 6_000,
      cacheWriteTokens: 3_000,
      outputTokens: 300,
      reasoningTokens: 900,
      webSearchCalls: 1,
    },
    serviceTier: 'flex',
    tokens: { input: 10_000, output: 1_200 },
    // Half of the token prices; a search is ten dollars a thousand in every tier.
    microUsd: (1_000 * 2 + 6_000 * 0.2 + 3_000 * 2.5 + 1_200 * 10) / 2 + 10_000,
  },
  {
    what: 'Anthropic message with cache reads and writes of five minutes: all beside input_tokens',
    style: 'anthropic',
    model: 'claude-sonnet-4-5',
    body: {
      id: 'msg_01XFDU',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5-20250929',
      content: [{ type: 'text', text: 'A fox.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 21,
        cache_creation_input_tokens: 1_880,
        cache_read_input_tokens: 20_480,
        cache_creation: { ephemeral_5m_input_tokens: 1_880, ephemeral_1h_input_tokens: 0 },
        output_tokens: 393,
        service_tier: 'standard',
      },
    },
    usage: {
      inputTokens: 21,
      cachedInputTokens: 20_480,
      cacheWriteTokens: 1_880,
      outputTokens: 393,
    },
    serviceTier: 'standard',
    tokens: { input: 21 + 1_880 + 20_480, output: 393 },
    microUsd: 21 * 3 + 20_480 * 0.3 + 1_880 * 3.75 + 393 * 15,
  },
  {
    what: 'Anthropic message with writes of five minutes and of an hour, thinking and two searches',
    style: 'anthropic',
    model: 'claude-opus-5',
    body: {
      id: 'msg_01Aq9w',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-20260724',
      content: [
        { type: 'thinking', thinking: '', signature: 'Eo8D' },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'a' } },
        { type: 'text', text: 'Found.' },
      ],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 2_048,
        cache_creation_input_tokens: 556,
        cache_read_input_tokens: 1_800,
        cache_creation: { ephemeral_5m_input_tokens: 456, ephemeral_1h_input_tokens: 100 },
        output_tokens: 503,
        output_tokens_details: { thinking_tokens: 203 },
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
        service_tier: 'standard',
      },
    },
    usage: {
      inputTokens: 2_048,
      cachedInputTokens: 1_800,
      cacheWriteTokens: 456,
      cacheWriteLongTokens: 100,
      outputTokens: 300,
      reasoningTokens: 203,
      webSearchCalls: 2,
    },
    serviceTier: 'standard',
    tokens: { input: 2_048 + 556 + 1_800, output: 503 },
    microUsd: 2_048 * 5 + 1_800 * 0.5 + 456 * 6.25 + 100 * 10 + 503 * 25 + 2 * 10_000,
  },
  {
    what: 'Anthropic message above its context tier: cached tokens count towards the length',
    style: 'anthropic',
    model: 'claude-haiku-5-5',
    body: {
      type: 'message',
      model: 'claude-haiku-5-5',
      usage: {
        input_tokens: 1_000,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 100_000,
        output_tokens: 100,
        service_tier: 'batch',
      },
    },
    usage: { inputTokens: 1_000, cachedInputTokens: 100_000, outputTokens: 100 },
    serviceTier: 'batch',
    tokens: { input: 101_000, output: 100 },
    microUsd: (1_000 * 0.5 + 100_000 * 0.05 + 100 * 2.5) / 2,
  },
  {
    what: 'Anthropic message in fast mode',
    style: 'anthropic',
    model: 'claude-opus-5-5',
    body: {
      type: 'message',
      model: 'claude-opus-5-5',
      usage: { input_tokens: 1_000, output_tokens: 1_000, service_tier: 'standard', speed: 'fast' },
    },
    usage: { inputTokens: 1_000, outputTokens: 1_000 },
    serviceTier: 'priority',
    tokens: { input: 1_000, output: 1_000 },
    microUsd: 1_000 * 8 + 1_000 * 40,
  },
  {
    what: 'Gemini answer with a cached prompt, thoughts and a tool prompt: cached inside, the rest beside',
    style: 'google',
    model: 'gemini-2.5-flash',
    body: {
      candidates: [
        { content: { parts: [{ text: 'Done.' }], role: 'model' }, finishReason: 'STOP', index: 0 },
      ],
      usageMetadata: {
        promptTokenCount: 5_000,
        cachedContentTokenCount: 4_000,
        candidatesTokenCount: 200,
        toolUsePromptTokenCount: 300,
        thoughtsTokenCount: 150,
        totalTokenCount: 5_650,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 4_500 },
          { modality: 'AUDIO', tokenCount: 500 },
        ],
        cacheTokensDetails: [
          { modality: 'TEXT', tokenCount: 3_600 },
          { modality: 'AUDIO', tokenCount: 400 },
        ],
        candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 200 }],
        toolUsePromptTokensDetails: [{ modality: 'TEXT', tokenCount: 300 }],
      },
      modelVersion: 'gemini-2.5-flash',
      responseId: 'x1',
    },
    usage: {
      inputTokens: 1_200,
      cachedInputTokens: 3_600,
      audioInputTokens: 100,
      cachedAudioInputTokens: 400,
      outputTokens: 200,
      reasoningTokens: 150,
    },
    tokens: { input: 5_300, output: 350 },
    microUsd: 1_200 * 0.3 + 3_600 * 0.03 + 100 * 1 + 400 * 0.1 + 350 * 2.5,
  },
  {
    what: 'Vertex answer of flex traffic with images out and two searches',
    style: 'google',
    model: 'gemini-3.1-flash-image-preview',
    body: {
      candidates: [
        {
          content: { parts: [{ inlineData: { mimeType: 'image/png', data: '' } }], role: 'model' },
          groundingMetadata: { webSearchQueries: ['a fox', 'fox colours'] },
        },
      ],
      usageMetadata: {
        promptTokenCount: 40,
        candidatesTokenCount: 1_150,
        totalTokenCount: 1_190,
        trafficType: 'ON_DEMAND_FLEX',
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 30 },
          { modality: 'DOCUMENT', tokenCount: 10 },
        ],
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1_120 }],
      },
    },
    usage: { inputTokens: 40, outputTokens: 30, imageOutputTokens: 1_120, webSearchCalls: 2 },
    serviceTier: 'flex',
    tokens: { input: 40, output: 1_150 },
    microUsd: (40 * 0.5 + 30 * 3 + 1_120 * 60) / 2 + 2 * 14_000,
  },
  {
    what: 'a gateway that hands on totals with their parts',
    style: 'generic',
    model: 'grok-4.5',
    body: {
      model: 'grok-4.5',
      usage: {
        inputTokens: 3_000,
        outputTokens: 700,
        totalTokens: 3_700,
        reasoningTokens: 400,
        cachedInputTokens: 2_000,
      },
    },
    usage: {
      inputTokens: 1_000,
      cachedInputTokens: 2_000,
      outputTokens: 300,
      reasoningTokens: 400,
    },
    tokens: { input: 3_000, output: 700 },
    microUsd: 1_000 * 2 + 2_000 * 0.3 + 700 * 6,
  },
];
