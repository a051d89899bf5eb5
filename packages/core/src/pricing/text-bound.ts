/**
 * Upper bound of the tokens of a text, without a tokenizer.
 *
 * Every OpenAI encoding (r50k, p50k, cl100k, o200k) is a byte-level BPE: it starts with one token for each
 * byte of the UTF-8 text and only ever merges, so that a text of n bytes has at most n tokens. The bound
 * is strict for any text; for English prose it is about four times too high, and whoever can count tokens
 * should. Source: github.com/openai/tiktoken, README, read 2026-11-23.
 *
 * Giving it the bytes of the whole JSON body covers what the provider adds around each message (three or
 * four tokens), because the JSON around a message is longer than that. It does not cover images, audio,
 * files, or anything the body only refers to (stored prompts, earlier responses).
 */
import { checkUnits } from './usage.ts';

/** Most tokens that `utf8Bytes` bytes of text can be. Throws `input_invalid` outside 0 … `UNITS_MAX`. */
export function textTokensUpperBound(utf8Bytes: number): number {
  return checkUnits(utf8Bytes, 'utf8Bytes');
}
