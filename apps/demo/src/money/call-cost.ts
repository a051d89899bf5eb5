/** What a call must cost: tokens times price, in whole nano-USD, a fraction rounded up, once. */
import type { ModelPrice } from './model-prices.ts';

/** Tokens of one call, or of many calls whose costs are whole. */
export interface TokenCounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const MILLION = 1_000_000n;

/** The cost in nano-USD. */
export function callCost(tokens: TokenCounts, price: ModelPrice): bigint {
  const millionths =
    BigInt(tokens.inputTokens) * price.inputNanoUsdPerMillion +
    BigInt(tokens.outputTokens) * price.outputNanoUsdPerMillion;
  return (millionths + MILLION - 1n) / MILLION;
}
