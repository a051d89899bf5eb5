/**
 * The demo's own price list: what it expects calls to cost, to check what Bursar booked.
 *
 * Written down by hand and not taken from Bursar's price table, because a check that shares its source with
 * what it checks would agree with every mistake. Standard tier, text tokens, nothing cached. OpenAI's list:
 * https://platform.openai.com/docs/pricing; compared on 2026-11-23 with other people's copies of it.
 */
import { parseUsd } from './nano-usd.ts';

/** What a model's tokens cost, in nano-USD per million. */
export interface ModelPrice {
  readonly inputNanoUsdPerMillion: bigint;
  /** Nothing for embeddings, which have no output. */
  readonly outputNanoUsdPerMillion: bigint;
}

const PRICES: ReadonlyMap<string, ModelPrice> = new Map([
  ['gpt-4o', usdPerMillion('2.50', '10.00')],
  ['gpt-4o-mini', usdPerMillion('0.15', '0.60')],
  ['gpt-4.1', usdPerMillion('2.00', '8.00')],
  ['gpt-4.1-mini', usdPerMillion('0.40', '1.60')],
  ['gpt-4.1-nano', usdPerMillion('0.10', '0.40')],
  ['text-embedding-3-small', usdPerMillion('0.02', '0')],
]);

/** The models in the list that write text. */
export const WRITING_MODELS: readonly string[] = [...PRICES.keys()].filter(
  (model) => !model.startsWith('text-embedding-'),
);

/** The price of `model`, if the demo knows it. */
export function modelPrice(model: string): ModelPrice | undefined {
  return PRICES.get(model);
}

function usdPerMillion(input: string, output: string): ModelPrice {
  return { inputNanoUsdPerMillion: parseUsd(input), outputNanoUsdPerMillion: parseUsd(output) };
}
