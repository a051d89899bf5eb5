/** Settlements as they are acknowledged, each held against the demo's own price list. */
import { callCost } from '../money/call-cost.ts';
import type { ModelPrice } from '../money/model-prices.ts';
import { parseUsd } from '../money/nano-usd.ts';

/** Their number, sum, and how many are not priced as they should be. */
export class Settlements {
  count = 0;
  nanoUsd = 0n;
  /** Settlements that do not cost what their tokens cost. */
  mispriced = 0;
  readonly #price: ModelPrice;

  constructor(price: ModelPrice) {
    this.#price = price;
  }

  /** Notes a settlement. */
  add({
    costUsd,
    usage,
  }: {
    costUsd: string;
    usage: { inputTokens?: number; outputTokens?: number };
  }): void {
    const cost = parseUsd(costUsd);
    const { inputTokens = 0, outputTokens = 0 } = usage;
    this.count += 1;
    this.nanoUsd += cost;
    if (cost !== callCost({ inputTokens, outputTokens }, this.#price)) this.mispriced += 1;
  }
}
