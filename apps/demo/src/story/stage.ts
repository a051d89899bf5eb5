/** What every scene works with. */
import type OpenAI from 'openai';
import type { Installation } from '../installation.ts';
import type { ModelPrice } from '../money/model-prices.ts';
import type { CallNotes } from './call-notes.ts';
import type { Narrator } from './narrator.ts';
import type { Person } from './person.ts';

/** The stage of a story. */
export interface Stage {
  readonly installation: Installation;
  readonly narrator: Narrator;
  readonly notes: CallNotes;
  /** Each person's OpenAI client, metered. */
  readonly clients: Readonly<Record<Person, OpenAI>>;
  readonly model: string;
  readonly price: ModelPrice;
}

/** How the local provider is to answer. OpenAI is asked for nothing of the kind. */
export interface Direction {
  /** Length of the answer. */
  readonly outputTokens: number;
  /** Wait before the answer, in milliseconds. */
  readonly delayMs?: number;
  /** Wait before each further token of a stream, in milliseconds. */
  readonly tokenMs?: number;
}

/** Request options that direct the local provider; pauses only where somebody watches, or if `always`. */
export function directed(
  { installation, narrator }: Stage,
  { outputTokens, delayMs = 0, tokenMs = 0 }: Direction,
  { always = false } = {},
): { readonly headers: Record<string, string> } {
  if (installation.provider === undefined) return { headers: {} };
  const isSlow = always || narrator.isWatched;
  return {
    headers: {
      'x-provider-output-tokens': String(outputTokens),
      ...(isSlow && delayMs > 0 ? { 'x-provider-delay-ms': String(delayMs) } : {}),
      ...(isSlow && tokenMs > 0 ? { 'x-provider-chunk-delay-ms': String(tokenMs) } : {}),
    },
  };
}
