/**
 * Token counts of one call, and the three shapes in which OpenAI reports them.
 * Details are subsets of the totals (cached of the prompt, reasoning of the output), never additions.
 */

/** Counts of LLM tokens, each 0 or more. */
export interface TokenUsage {
  readonly promptTokens: number;
  /** Part of `promptTokens` read from the provider's prompt cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Part of `outputTokens` that was reasoning: billed, not shown. */
  readonly reasoningTokens: number;
}

/** `usage` of a chat completion. */
export function chatUsage(usage: TokenUsage): object {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.promptTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** `usage` of a response. */
export function responseUsage(usage: TokenUsage): object {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.outputTokens,
  };
}

/** `usage` of embeddings. */
export function embeddingUsage(usage: TokenUsage): object {
  return { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens };
}
