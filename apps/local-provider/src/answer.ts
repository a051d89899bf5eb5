/**
 * What one choice answers: how many tokens, which of them are visible, whether the output cap cut it.
 *
 * Reasoning comes first and is never visible, so a cap below the reasoning leaves an empty answer, as with
 * OpenAI's reasoning models. A scripted length applies to text; JSON keeps the length that it has.
 */
import { passageWords } from './passage.ts';
import type { Script } from './script.ts';

/** Bounds of a text answer's natural length, tokens, both inclusive. */
const NATURAL_TOKENS_MIN = 20;
const NATURAL_TOKENS_MAX = 120;

/** What is answered: words chosen by `seed` (any 32-bit integer), or a value as JSON. */
export type Content =
  | { readonly kind: 'text'; readonly seed: number }
  | { readonly kind: 'json'; readonly value: unknown };

/** One choice of an answer; every choice of a call has the same. */
export interface Answer {
  /** Tokens that are billed and not shown, part of the choice's output. */
  readonly reasoningTokens: number;
  /** Tokens of the text. */
  readonly visibleTokens: number;
  /** Whether the output cap ended it. */
  readonly isCut: boolean;
  /** The text from token `from` (inclusive) to `to` (exclusive); slices join to the whole text. */
  slice(from: number, to: number): string;
}

/** The answer to a call; `tokensMax` caps reasoning and visible tokens together, null for no cap. */
export function planAnswer(content: Content, tokensMax: number | null, script: Script): Answer {
  const words = content.kind === 'json' ? jsonWords(content.value) : null;
  const wanted =
    words === null ? textTokens(content, script) : words.length + script.reasoningTokens;
  const cap = script.overrunTokens === null ? (tokensMax ?? Infinity) : Infinity;
  const tokens = Math.min(wanted, cap);
  const reasoningTokens = Math.min(script.reasoningTokens, tokens);
  return {
    reasoningTokens,
    visibleTokens: tokens - reasoningTokens,
    isCut: wanted > cap,
    slice: words === null ? textSlices(content) : (from, to) => words.slice(from, to).join(''),
  };
}

/** The whole visible text. */
export function wholeText(answer: Answer): string {
  return answer.slice(0, answer.visibleTokens);
}

/** Tokens of one choice, as billed. */
export function outputTokens(answer: Answer): number {
  return answer.reasoningTokens + answer.visibleTokens;
}

function textTokens(content: Content, script: Script): number {
  const scripted = script.overrunTokens ?? script.outputTokens;
  if (scripted !== null) return scripted;
  const spread = NATURAL_TOKENS_MAX - NATURAL_TOKENS_MIN + 1;
  return NATURAL_TOKENS_MIN + (seedOf(content) % spread) + script.reasoningTokens;
}

function textSlices(content: Content): Answer['slice'] {
  const start = seedOf(content);
  return (from, to) => {
    const text = passageWords(start + from, to - from);
    return from === 0 ? text.slice(1) : text;
  };
}

function seedOf(content: Content): number {
  return content.kind === 'text' ? content.seed >>> 0 : 0;
}

/** The value as JSON with blanks between its parts, so that it streams in several tokens, cut into words. */
function jsonWords(value: unknown): string[] {
  const spaced = JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ');
  return spaced.match(/\s*\S+/g) ?? [];
}
