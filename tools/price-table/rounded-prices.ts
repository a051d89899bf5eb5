/**
 * Prices of the source that are not a whole number of nano-USD per million units and are rounded up to one,
 * as `provider:model:key`. Any other one fails the build.
 */

/** Hours of audio in milliseconds, where the price of an hour is not a multiple of 0.0036 USD. */
const HOURS = [
  'groq:whisper-large-v3:input_audio_hours',
  'groq:whisper-large-v3-turbo:input_audio_hours',
  'x-ai:grok-voice-latest:audio_hours',
  'x-ai:grok-voice-think-fast-1.0:audio_hours',
  'x-ai:grok-voice-think-fast-2.0:audio_hours',
];

/** A twelfth of a dollar: five minutes of a cache that costs a dollar an hour. */
const TWELFTHS = [
  'google/gemini-2.5-flash-image',
  'google/gemini-2.5-flash-lite',
  'google/gemini-3-flash-preview',
  'google/gemini-3.1-flash-lite',
  'google/gemini-3.5-flash',
  '~google/gemini-flash-latest',
].map((model) => `openrouter:${model}:cache_write_mtok`);

/** 0.18 USD, after a multiplication in floating point at the source. */
const FLOATS = ['huggingface_together:Qwen/Qwen3-VL-8B-Instruct:input_mtok'];

export const ROUNDED_PRICES: ReadonlySet<string> = new Set([...HOURS, ...TWELFTHS, ...FLOATS]);
