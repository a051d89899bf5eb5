/**
 * What to set aside for a call before it is made: the safe upper bound of its tokens at the agreed price, or
 * the caller's own amount.
 */
import {
  type Amount,
  BursarError,
  estimate,
  type EstimateInput,
  OUTPUT_TOKENS_FALLBACK,
  outputTokensBound,
  parseUsd,
} from '@bursar/core';
import type { Terms } from './terms.ts';

/** The parts of a message that say how much may be needed; at most one of them is given. */
export interface Wanted {
  readonly estimate?:
    | { readonly inputTokens: number; readonly outputTokensMax?: number | undefined }
    | undefined;
  readonly amountUsd?: string | undefined;
}

/** How much to set aside, and the bounds it was estimated from, if it was. */
export interface CallEstimate {
  /** `null`: the message asked for no amount. */
  readonly amount: Amount | null;
  readonly bounds: EstimateInput | undefined;
}

/**
 * The amount that `wanted` asks for. A call without an output bound of its own gets its model's, and a model
 * without one the largest there is. Throws `price_unknown` when the agreed price does not cover tokens.
 */
export function estimateCall(wanted: Wanted, terms: Terms): CallEstimate {
  if (wanted.estimate === undefined) {
    const { amountUsd } = wanted;
    return { amount: amountUsd === undefined ? null : parseUsd(amountUsd, 'amountUsd'), bounds: undefined };
  }
  if (terms.price === null) {
    throw new BursarError('price_unknown', {
      field: 'estimate',
      message: `No price was known for the model ${JSON.stringify(terms.model)} when this call was reserved; send amountUsd instead of estimate.`,
    });
  }
  const { inputTokens, outputTokensMax } = wanted.estimate;
  const bounds = {
    price: terms.price,
    inputTokens,
    outputTokensMax: outputTokensMax ?? outputTokensBound(terms.model) ?? OUTPUT_TOKENS_FALLBACK,
  };
  return { amount: estimate(bounds), bounds };
}
