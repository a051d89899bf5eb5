/**
 * One model of the source as one row of the price table, exactly: a price that is not a whole number of
 * nano-USD per million units fails the build unless it is listed in `ROUNDED_PRICES`.
 */
import type { ContextTier, NanoUsdPerMillion } from '../../packages/core/src/pricing/price.ts';
import type { DatedPrice, PriceRow } from '../../packages/core/src/pricing/price-table.ts';
import type { UsageClass } from '../../packages/core/src/pricing/usage-class.ts';
import { scaled } from './decimal.ts';
import { rowMatch } from './match.ts';
import { PRICE_KEYS, REPEATED_KEYS } from './price-keys.ts';
import { ROUNDED_PRICES } from './rounded-prices.ts';
import {
  datedPricesOf,
  type SourceConstraint,
  type SourceDatedPrices,
  type SourceModel,
  type SourcePrice,
  type SourcePrices,
} from './source-catalogue.ts';

/** What the conversion could not keep, for the report. */
export interface ConversionNotes {
  /** `provider: model: reason`. */
  readonly leftOut: string[];
  /** `provider:model:key`, the source's USD and the integer used instead. */
  readonly rounded: string[];
}

/** `model` of `provider` as a row; `undefined` for one without a price. Throws for what it cannot say. */
export function priceRow(
  provider: string,
  model: SourceModel,
  notes: ConversionNotes,
): PriceRow | undefined {
  const dated = datedPricesOf(model);
  if (dated.some(({ prices }) => Object.keys(prices).length === 0)) {
    const comment = model.price_comments?.split('. ')[0];
    notes.leftOut.push(
      `${provider}: ${model.id}: the source has no price${comment === undefined ? '' : ` (${comment})`}`,
    );
    return undefined;
  }
  const { ids, patterns } = rowMatch(model.match);
  const { minimumUnits } = model;
  const name = `${provider}:${model.id}`;
  return {
    model: model.id,
    ids,
    ...(patterns.length > 0 && { patterns }),
    prices: dated.map((price, index) => ({
      ...datedPrice(name, price, index, notes),
      ...(minimumUnits !== undefined && { minimumUnits }),
    })),
  };
}

function datedPrice(
  name: string,
  { constraint, prices }: SourceDatedPrices,
  index: number,
  notes: ConversionNotes,
): DatedPrice {
  const tiers = tiersOf(name, prices, notes);
  return {
    ...applicability(name, constraint, index),
    nanoUsdPerMillion: pricesOf(
      name,
      prices,
      (price) => (typeof price === 'number' ? price : price.base),
      notes,
    ),
    ...(tiers.length > 0 && { contextTiers: tiers }),
  };
}

/** The source tries dated prices from the last to the first, so the first must be the one that always applies. */
function applicability(name: string, constraint: SourceConstraint | undefined, index: number) {
  if (constraint === undefined && index === 0) return {};
  if (constraint === undefined || index === 0)
    throw new Error(`${name}: cannot translate its dates`);
  if (constraint.type === 'start_date') {
    const effectiveFromMs = Date.parse(constraint.start_date);
    if (!Number.isNaN(effectiveFromMs)) return { effectiveFromMs };
  } else if (constraint.type === 'time_of_date') {
    const fromMs = timeOfDay(constraint.start_time);
    const untilMs = timeOfDay(constraint.end_time);
    if (fromMs !== undefined && untilMs !== undefined) return { dailyUtc: { fromMs, untilMs } };
  }
  throw new Error(`${name}: cannot translate its dates`);
}

/** `16:30:00Z` in milliseconds since midnight. */
function timeOfDay(text: string): number | undefined {
  const match = /^([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z$/.exec(text);
  if (match === null) return undefined;
  const [, hours, minutes, seconds] = match;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

function tiersOf(
  name: string,
  prices: SourcePrices,
  notes: ConversionNotes,
): readonly ContextTier[] {
  const starts = new Set<number>();
  for (const price of Object.values(prices)) {
    if (typeof price === 'object') for (const { start } of price.tiers) starts.add(start);
  }
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({
      aboveInputTokens: start,
      nanoUsdPerMillion: pricesOf(
        name,
        prices,
        (price) =>
          typeof price === 'number'
            ? undefined
            : price.tiers.find((tier) => tier.start === start)?.price,
        notes,
      ),
    }));
}

function pricesOf(
  name: string,
  prices: SourcePrices,
  usdOf: (price: SourcePrice) => number | undefined,
  notes: ConversionNotes,
): NanoUsdPerMillion {
  for (const key of Object.keys(prices)) {
    if (PRICE_KEYS[key] === undefined) throw new Error(`${name}: unknown price key ${key}`);
  }
  const converted: { [K in UsageClass]?: number } = {};
  for (const [key, { usageClass, numerator, denominator }] of Object.entries(PRICE_KEYS)) {
    const price = prices[key];
    const usd = price === undefined || isRepeated(prices, key) ? undefined : usdOf(price);
    if (usd === undefined) continue;
    const number = scaled(usd, numerator, denominator);
    if (number === undefined) throw new Error(`${name}: ${key} ${usd} is no price`);
    if (!number.isExact) {
      if (!ROUNDED_PRICES.has(`${name}:${key}`)) {
        throw new Error(`${name}: ${key} ${usd} is not a whole number of nano-USD per million`);
      }
      notes.rounded.push(`${name}:${key}: ${usd} USD is rounded up to ${number.value}`);
    }
    if (converted[usageClass] !== undefined) throw new Error(`${name}: ${usageClass} twice`);
    converted[usageClass] = number.value;
  }
  return converted;
}

function isRepeated(prices: SourcePrices, key: string): boolean {
  const other = REPEATED_KEYS[key];
  if (other === undefined || prices[other] === undefined) return false;
  if (JSON.stringify(prices[other]) === JSON.stringify(prices[key])) return true;
  throw new Error(`${key} differs from ${other}`);
}
