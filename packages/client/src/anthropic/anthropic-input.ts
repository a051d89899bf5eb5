/**
 * Images and documents in a message, in tokens. Constants instead of sizes: a base64 text says little about
 * what the model makes of it, and an address nothing.
 */
import type { InputRules, Medium } from '../http/input-size.ts';
import { fieldOf, type JsonObject, stringOf } from '../http/json-fields.ts';

/**
 * Most tokens of one image: those of a photo of 12 megapixels to the newest models (4,005 of
 * huggingface.co/datasets/JOHNISKING/image-token-cost, read 2026-11-30), rounded up.
 */
const IMAGE_TOKENS_MAX = 5_120;
/** A document: its text and, for a PDF, its pages as images. A guess: some thirty dense pages. */
const DOCUMENT_TOKENS_MAX = 131_072;

/** What Anthropic's models read of a request. */
export const ANTHROPIC_INPUT: InputRules = {
  contentFields: ['system', 'messages'],
  schemaFields: ['tools', 'output_format', 'output_config'],
  mediumOf(part: JsonObject): Medium | undefined {
    const source = part['source'];
    switch (part['type']) {
      case 'image':
        return { tokens: IMAGE_TOKENS_MAX, field: 'source', bytes: dataBytes(source) };
      case 'document':
        // Text that is in the request counts as text.
        if (['text', 'content'].includes(stringOf(fieldOf(source, 'type')))) return undefined;
        return { tokens: DOCUMENT_TOKENS_MAX, field: 'source', bytes: dataBytes(source) };
      default:
        return undefined;
    }
  },
};

function dataBytes(source: unknown): number {
  return stringOf(fieldOf(source, 'data')).length;
}
