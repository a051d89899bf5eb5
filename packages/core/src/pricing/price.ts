/**
 * A price: what a million units of each class of one model cost, as plain data.
 *
 * A `Price` is complete in itself and survives JSON: it is stored with the reservation that was made with
 * it, so that settling charges what was agreed although the table has changed since.
 */
import { multiplied, type ServiceTier, tierFactor, type TierFactors } from './service-tier.ts';
import { type ByClass, USAGE_CLASSES, type UsageClass } from './usage-class.ts';

/**
 * Prices by class in integer nano-USD per million units; `2_500_000_000` is 2.50 USD per million tokens.
 * Zero is free; absent means that the class has no price of its own (see `USAGE_CLASSES`).
 */
export type NanoUsdPerMillion = ByClass;

/** Prices that replace the base prices for the whole call when its input is long. */
export type ContextTier = {
  /** The tier applies to calls with more input tokens than this, of all classes together. */
  readonly aboveInputTokens: number;
  /** The classes whose price differs; the others keep the price of the tier below. */
  readonly nanoUsdPerMillion: NanoUsdPerMillion;
};

/** The numbers of a price. */
export type PriceNumbers = {
  readonly nanoUsdPerMillion: NanoUsdPerMillion;
  /** In ascending order of `aboveInputTokens`. */
  readonly contextTiers?: readonly ContextTier[];
  /** What service tiers other than the standard one multiply token prices by. */
  readonly serviceTiers?: TierFactors;
  /** The fewest units that are charged of a class that was used at all: ten seconds of audio, say. */
  readonly minimumUnits?: ByClass;
};

/** A price with its origin. */
export type Price = PriceNumbers & {
  /** The row of the table that matched; the model asked for may be one of its aliases. */
  readonly model: string;
  /** Whose price it is, as the catalogue names providers; absent for an operator's own price. */
  readonly provider?: string;
  /** The version of the table. */
  readonly version: string;
};

/** The standard prices of a call with `inputTokens` input tokens of all classes together. */
export function pricesAt(price: PriceNumbers, inputTokens: number): NanoUsdPerMillion {
  let prices = price.nanoUsdPerMillion;
  for (const tier of price.contextTiers ?? []) {
    if (inputTokens > tier.aboveInputTokens) prices = { ...prices, ...tier.nanoUsdPerMillion };
  }
  return prices;
}

/** The prices in `serviceTier`; `undefined` when it costs more than the standard one, nobody knows how much. */
export function pricesInTier(
  price: PriceNumbers,
  inputTokens: number,
  serviceTier: ServiceTier,
): NanoUsdPerMillion | undefined {
  const factor = tierFactor(price.serviceTiers, serviceTier);
  return factor && multiplied(pricesAt(price, inputTokens), factor);
}

/** The price of one class, its own or that of a fallback; `undefined` when it has none. */
export function priceOf(prices: NanoUsdPerMillion, usageClass: UsageClass): number | undefined {
  const own = prices[usageClass];
  if (own !== undefined) return own;
  for (const fallback of USAGE_CLASSES[usageClass].fallbacks) {
    const price = prices[fallback];
    if (price !== undefined) return price;
  }
  return undefined;
}
