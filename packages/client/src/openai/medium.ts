/**
 * Images, sounds and files in a request, in tokens. Constants instead of sizes: a base64 text says little
 * about what OpenAI makes of it, and an address nothing.
 */

import type { InputRules, Medium } from '../http/input-size.ts';
import { fieldOf, type JsonObject } from '../http/json-fields.ts';

/**
 * Most tokens of one image: 2,500 patches × 1.2, or 1,536 × 2.46 for the smallest models (OpenAI's vision
 * guide and developer forum, read 2026-11-23), rounded up.
 */
export const IMAGE_TOKENS_MAX = 4_096;
/** The same with `detail: "original"`: 10,000 patches × 1.2. */
export const ORIGINAL_IMAGE_TOKENS_MAX = 12_288;
/** The same for gpt-4o-mini, which counts an image 33 times as high: 2,833 + 8 tiles × 5,667. */
export const GPT_4O_MINI_IMAGE_TOKENS_MAX = 48_169;
/** A file: its text and, for a PDF, its pages as images. A guess: some thirty dense pages. */
export const FILE_TOKENS_MAX = 131_072;
/** Base64 characters in a token of sound: 100 ms of MP3 at 8 kbit/s, the thinnest in use. */
const AUDIO_CHARACTERS_PER_TOKEN = 133;

/** What OpenAI's models read of a request. */
export const OPENAI_INPUT: InputRules = {
  contentFields: ['messages', 'input', 'instructions', 'prompt', 'prediction'],
  schemaFields: ['tools', 'functions', 'response_format', 'text'],
  mediumOf,
};

/** What `part` is, if it is no text, to `model`. */
function mediumOf(part: JsonObject, model: string): Medium | undefined {
  switch (part['type']) {
    case 'image_url':
    case 'input_image':
    case 'computer_screenshot':
      return medium(part, 'image_url', imageTokens(part, model));
    case 'image_generation_call':
      return medium(part, 'result', imageTokens(part, model));
    case 'input_audio':
      return medium(
        part,
        'input_audio',
        Math.ceil(bytesOf(part['input_audio']) / AUDIO_CHARACTERS_PER_TOKEN),
      );
    case 'file':
      return medium(part, 'file', FILE_TOKENS_MAX);
    case 'input_file':
      return medium(part, 'file_data', FILE_TOKENS_MAX);
    default:
      return undefined;
  }
}

function medium(part: JsonObject, field: string, tokens: number): Medium {
  return { field, tokens, bytes: bytesOf(part[field]) };
}

function imageTokens(part: JsonObject, model: string): number {
  if (/(^|\/)gpt-4o-mini/.test(model)) return GPT_4O_MINI_IMAGE_TOKENS_MAX;
  const detail = part['detail'] ?? fieldOf(part['image_url'], 'detail');
  return detail === 'original' ? ORIGINAL_IMAGE_TOKENS_MAX : IMAGE_TOKENS_MAX;
}

/** Length of the strings that a medium consists of. */
function bytesOf(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (typeof content !== 'object' || content === null) return 0;
  let length = 0;
  for (const value of Object.values(content)) if (typeof value === 'string') length += value.length;
  return length;
}
