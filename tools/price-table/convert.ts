/**
 * One model of the source as one row of the price table, exactly: a price that is not a whole number of
 * nano-USD per million units fails the build unless it is listed in `ROUNDED_PRICES`.
 */
import type { ContextTier, NanoUsdPerMillion } from '../../packages/core/src/pricing/price.ts';
import type { DatedPrice, PriceRow } from '../../packages/core/src/pricing/price-table.ts';
import type { UsageClass } from '../../packages/core/src/pricing/usage-class.ts';
import { exactInteger } from './decimal.ts';
import { rowMatch } from './match.ts';
import { PRICE_KEYS, REPEATED_KEYS } from './price-keys.ts';
import type {
  SourceDatedPrices,
  SourceModel,
  SourcePrice,
  SourcePrices,
} from './source-catalogue.ts';

/**
 * Prices that are rounded up to a whole nano-USD per million units, as `provider:model:key` with the
 * integer to use. OpenAI has none; some fractions of a cent at resellers (1/12 USD) will need it.
 */
const ROUNDED_PRICES: Readonly<Record<string, number>> = {};

/** `model` of `provider` as a row. Throws for anything that it cannot say exactly. */
export function priceRow(provider: string, model: SourceModel): PriceRow {
  const { ids, patterns } = rowMatch(model.match);
  const dated = Array.isArray(model.prices)
    ? (model.prices as readonly SourceDatedPrices[])
    : [{ prices: model.prices as SourcePrices }];
  return {
    model: model.id,
    ids,
    ...(patterns.length > 0 && { patterns }),
    prices: dated.map((price, index) => datedPrice(`${provider}:${model.id}`, price, index)),
  };
}

function datedPrice(
  name: string,
  { constraint, prices }: SourceDatedPrices,
  index: number,
): DatedPrice {
  const tiers = tiersOf(name, prices);
  return {
    ...effectiveFrom(name, constraint, index),
    nanoUsdPerMillion: pricesOf(name, prices, (price) =>
      typeof price === 'number' ? price : price.base,
    ),
    ...(tiers.length > 0 && { contextTiers: tiers }),
  };
}

/** The source tries dated prices from the last to the first, so the first must be the undated one. */
function effectiveFrom(name: string, constraint: SourceDatedPrices['constraint'], index: number) {
  if (constraint === undefined && index === 0) return {};
  const atMs = constraint?.type === 'start_date' ? Date.parse(constraint.start_date ?? '') : NaN;
  if (Number.isNaN(atMs) || index === 0) throw new Error(`${name}: cannot translate its dates`);
  return { effectiveFromMs: atMs };
}

function tiersOf(name: string, prices: SourcePrices): readonly ContextTier[] {
  const starts = new Set<number>();
  for (const price of Object.values(prices)) {
    if (typeof price === 'object') for (const { start } of price.tiers) starts.add(start);
  }
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({
      aboveInputTokens: start,
      nanoUsdPerMillion: pricesOf(name, prices, (price) =>
        typeof price === 'number'
          ? undefined
          : price.tiers.find((tier) => tier.start === start)?.price,
      ),
    }));
}

function pricesOf(
  name: string,
  prices: SourcePrices,
  usdOf: (price: SourcePrice) => number | undefined,
): NanoUsdPerMillion {
  for (const [key, price] of Object.entries(prices)) {
    const repeated = REPEATED_KEYS[key];
    if (repeated !== undefined && JSON.stringify(prices[repeated]) === JSON.stringify(price))
      continue;
    if (PRICE_KEYS[key] === undefined) throw new Error(`${name}: unknown price key ${key}`);
  }
  const converted: { [K in UsageClass]?: number } = {};
  for (const [key, { usageClass, numerator, denominator }] of Object.entries(PRICE_KEYS)) {
    const price = prices[key];
    const usd = price === undefined ? undefined : usdOf(price);
    if (usd === undefined) continue;
    const exact = exactInteger(usd, numerator, denominator) ?? ROUNDED_PRICES[`${name}:${key}`];
    if (exact === undefined) throw new Error(`${name}: ${key} ${usd} is not a whole number`);
    if (converted[usageClass] !== undefined) throw new Error(`${name}: ${usageClass} twice`);
    converted[usageClass] = exact;
  }
  return converted;
}
