/**
 * What to set aside for a call before it is made: the safe upper bound of its tokens at the agreed price, or
 * the caller's own amount.
 */
import type { BursarService } from '@bursar/api';
import {
  type Amount,
  BursarError,
  costOfPricedClasses,
  estimate,
  type EstimateInput,
  OUTPUT_TOKENS_FALLBACK,
  outputTokensBound,
  parseUsd,
  type Price,
  USAGE_CLASS_NAMES,
  USAGE_CLASSES,
  type UsageClass,
} from '@bursar/core';
import type { Terms } from './terms.ts';

/** The parts of a message that say how much may be needed; at most one of them is given. */
export type Wanted = Pick<Parameters<BursarService['reserve']>[1], 'estimate' | 'amountUsd'>;

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
    return {
      amount: amountUsd === undefined ? null : parseUsd(amountUsd, 'amountUsd'),
      bounds: undefined,
    };
  }
  if (terms.price === null) {
    throw new BursarError('price_unknown', {
      field: 'estimate',
      message: `No price was known for the model ${JSON.stringify(terms.model)} when this call was reserved; send amountUsd instead of estimate.`,
    });
  }
  const { inputTokens, outputTokensMax, audio = false } = wanted.estimate;
  const classes = audio ? undefined : classesWithoutAudio(terms.price);
  const bounds = {
    price: terms.price,
    inputTokens,
    outputTokensMax: outputTokensMax ?? outputTokensBound(terms.model) ?? OUTPUT_TOKENS_FALLBACK,
    ...(classes === undefined ? {} : { classes }),
  };
  return { amount: estimate(bounds), bounds };
}

const AUDIO_CLASSES: ReadonlySet<UsageClass> = new Set([
  'audioInputTokens',
  'cachedAudioInputTokens',
  'audioOutputTokens',
]);

/**
 * The token classes that `price` covers, without audio on a side that has anything else: audio costs many
 * times what text does, and would make every text call to such a model look that dear.
 */
function classesWithoutAudio(price: Price): readonly UsageClass[] {
  const covered = USAGE_CLASS_NAMES.filter(
    (name) => costOfPricedClasses({ [name]: 1 }, price).unpriced.length === 0,
  );
  return (['input', 'output'] as const).flatMap((side) => {
    const all = covered.filter((name) => USAGE_CLASSES[name].side === side);
    const plain = all.filter((name) => !AUDIO_CLASSES.has(name));
    return plain.length > 0 ? plain : all;
  });
}
