/** The shapes of what a realtime session reports. */
import type { JsonObject } from '../request-fields.ts';
import type { TokenUsage } from '../token-usage.ts';

/** Tokens by what they are of. */
export interface SoundAndText {
  text: number;
  sound: number;
}

/** `usage` of an answer. What is cached is text first. */
export function modalityUsage(
  usage: TokenUsage,
  prompt: SoundAndText,
  output: SoundAndText,
): object {
  const cachedText = Math.min(usage.cachedTokens, prompt.text);
  return {
    total_tokens: usage.promptTokens + usage.outputTokens,
    input_tokens: usage.promptTokens,
    output_tokens: usage.outputTokens,
    input_token_details: {
      text_tokens: prompt.text,
      audio_tokens: prompt.sound,
      image_tokens: 0,
      cached_tokens: usage.cachedTokens,
      cached_tokens_details: {
        text_tokens: cachedText,
        audio_tokens: usage.cachedTokens - cachedText,
        image_tokens: 0,
      },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.sound },
  };
}

/** The fields of an `error` event about `event`. */
export function errorOf(event: JsonObject, message: string, code: string): object {
  const { event_id: eventId = null } = event;
  const error = { type: 'invalid_request_error', code, message, param: null, event_id: eventId };
  return { error };
}
