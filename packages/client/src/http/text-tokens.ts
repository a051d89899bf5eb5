/**
 * How many tokens a text probably is. The bounds of reservations are strict and in core; these are guesses,
 * used where nobody reports what was used, and booked as such (`counted`, `estimated`).
 */
import { utf8Bytes } from '@bursar/core';

/**
 * UTF-8 bytes in a token. English prose has 4 to 5, Korean 5 to 6, dense JSON 2 to 3, measured with o200k;
 * a tokenizer would know, and weighs megabytes.
 */
const BYTES_PER_TOKEN = 4;
/** UTF-8 bytes in a token of a streamed piece that holds several tokens: fewer tokens than text would have. */
const STREAMED_BYTES_PER_TOKEN = 6;

/** A guess at the tokens of a text of `bytes` UTF-8 bytes, rounded up. */
export function expectedTextTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** Streamed text so far. */
export interface StreamedText {
  /** Pieces that had any text. */
  readonly deltas: number;
  /** Words that were begun. */
  readonly words: number;
  /** UTF-8 bytes. */
  readonly bytes: number;
}

/** Nothing streamed yet. */
export const NO_TEXT: StreamedText = { deltas: 0, words: 0, bytes: 0 };

/** `text` with one more piece. */
export function withDelta(text: StreamedText, delta: string): StreamedText {
  if (delta === '') return text;
  return {
    deltas: text.deltas + 1,
    words: text.words + (delta.match(/\S+/g)?.length ?? 0),
    bytes: text.bytes + utf8Bytes(delta),
  };
}

/**
 * A guess at the tokens of streamed text. OpenAI streams one token a piece, so that the number of pieces is
 * the number of tokens; a server that joins several is seen by its words and bytes.
 */
export function streamedTokens({ deltas, words, bytes }: StreamedText): number {
  return Math.max(deltas, words, Math.floor(bytes / STREAMED_BYTES_PER_TOKEN));
}
