/**
 * Cost: usage times price. The only place where money is multiplied, and the only place where it is
 * rounded: the sum over all classes is exact, and one rounding up to a whole nano-USD follows.
 *
 * Rounding up once means that a call is never charged less than its exact cost, and at most one nano-USD
 * more, however many classes it has.
 */
import { amount, type Amount } from '../amount.ts';
import { BursarError } from '../errors.ts';
import {
  type NanoUsdPerMillion,
  type PriceNumbers,
  priceOf,
  pricesAt,
  pricesInTier,
} from './price.ts';
import type { ServiceTier } from './service-tier.ts';
import { USAGE_CLASS_NAMES, type UsageClass } from './usage-class.ts';
import { checkUsage, totalInputTokens, type Usage } from './usage.ts';

/** Prices are per million units, so that exact sums are in millionths of a nano-USD. */
export const MILLIONTHS_PER_NANO_USD = 1_000_000n;

/** One class of a call, for explanations. `units × nanoUsdPerMillion` summed over the lines is the cost. */
export interface CostLine {
  readonly usageClass: UsageClass;
  /** More than 0. */
  readonly units: number;
  /** The price applied, own or fallback; `undefined` when the price covers neither. */
  readonly nanoUsdPerMillion: number | undefined;
}

/** Several calls at once, such as the lines of a batch. */
export interface ManyCalls {
  /** How many, from 1. */
  readonly calls: number;
  /** Input tokens of the longest of them: an upper bound, which decides the context tier of all. */
  readonly inputTokensMax: number;
}

/** Calls of a batch that are alike: all in one context tier. */
export interface BatchPart extends ManyCalls {
  /** What they used together. */
  readonly usage: Usage;
}

/** Cost of what a price covers, and what it does not. */
export interface PartialCost {
  readonly cost: Amount;
  /** Classes that were used and have no price. */
  readonly unpriced: readonly UsageClass[];
  /** The service tier, when it costs more than the standard one, which was charged, and nobody knows how much. */
  readonly unpricedTier: ServiceTier | undefined;
}

/**
 * What `usage` costs at `price`, in nano-USD, rounded up once.
 *
 * Throws `price_unknown`, naming the class or tier, when the usage has units that the price does not cover
 * (audio on a model with text prices only): an unknown price is never zero. Where the money is already spent
 * and has to be booked all the same, use `costOfPricedClasses`. Throws `input_invalid` for usage that is
 * none, and `amount_out_of_range` above `AMOUNT_MAX`.
 */
export function cost(
  usage: Usage,
  price: PriceNumbers & { readonly model?: string },
  serviceTier: ServiceTier = 'standard',
): Amount {
  const { cost: total, unpriced, unpricedTier } = costOfPricedClasses(usage, price, serviceTier);
  const [missing] = unpriced;
  if (missing !== undefined) throw unpricedClass(missing, `usage.${missing}`, price.model);
  if (unpricedTier !== undefined) {
    throw unpricedClass(`the service tier ${unpricedTier}`, 'serviceTier', price.model);
  }
  return total;
}

/**
 * What the priced part of `usage` costs, in nano-USD, rounded up once, and which classes have no price. For
 * settling, which must not fail: book the larger of this and the reservation when something is unpriced.
 */
export function costOfPricedClasses(
  usage: Usage,
  price: PriceNumbers,
  serviceTier: ServiceTier = 'standard',
): PartialCost {
  const { charged, prices, isTierPriced } = charging(usage, price, serviceTier);
  const unpriced = classesIn(charged).filter((name) => priceOf(prices, name) === undefined);
  return {
    cost: roundUp(millionths(charged, prices)),
    unpriced: unpriced.length > 1 ? USAGE_CLASS_NAMES.filter(isIn(unpriced)) : unpriced,
    unpricedTier: isTierPriced ? undefined : serviceTier,
  };
}

/**
 * What the priced part of `parts` costs, in nano-USD, rounded up once for all of them: each part in the context tier
 * of its own calls, however long they are together.
 */
export function costOfBatch(
  parts: readonly BatchPart[],
  price: PriceNumbers,
  serviceTier: ServiceTier = 'standard',
): PartialCost {
  const missing = new Set<UsageClass>();
  let exact = 0n;
  let isEachTierPriced = true;
  for (const { usage, ...calls } of parts) {
    const { charged, prices, isTierPriced } = charging(usage, price, serviceTier, calls);
    exact += millionths(charged, prices);
    isEachTierPriced &&= isTierPriced;
    for (const name of classesIn(charged)) {
      if (priceOf(prices, name) === undefined) missing.add(name);
    }
  }
  return {
    cost: roundUp(exact),
    unpriced: USAGE_CLASS_NAMES.filter((name) => missing.has(name)),
    unpricedTier: isEachTierPriced ? undefined : serviceTier,
  };
}

/** The lines of which the cost is the sum, in the order of the classes. */
export function costLines(
  usage: Usage,
  price: PriceNumbers,
  serviceTier: ServiceTier = 'standard',
): readonly CostLine[] {
  const { charged, prices } = charging(usage, price, serviceTier);
  const lines: CostLine[] = [];
  for (const usageClass of USAGE_CLASS_NAMES) {
    const units = charged[usageClass] ?? 0;
    if (units > 0)
      lines.push({ usageClass, units, nanoUsdPerMillion: priceOf(prices, usageClass) });
  }
  return lines;
}

/**
 * The units of `usage` that are charged at `prices`, which are those of `price` in some tier: no fewer than
 * the minimum of a class that was used, and a request for each of its `calls` where requests have a price and the
 * usage does not say how many there were.
 */
export function chargedUsage(
  usage: Usage,
  price: PriceNumbers,
  prices: NanoUsdPerMillion,
  calls = 1,
): Usage {
  const { minimumUnits } = price;
  if (minimumUnits === undefined && prices.requests === undefined) return usage;
  const charged: { [K in UsageClass]?: number } = { ...usage };
  for (const [name, minimum] of Object.entries(minimumUnits ?? {}) as [UsageClass, number][]) {
    const units = charged[name] ?? 0;
    if (units > 0) charged[name] = Math.max(units, minimum);
  }
  if (prices.requests !== undefined) charged.requests ??= calls;
  return charged;
}

/** The exact cost of the priced classes in millionths of a nano-USD, before rounding. */
export function millionths(usage: Usage, prices: NanoUsdPerMillion): bigint {
  let sum = 0n;
  for (const name of classesIn(usage)) {
    const units = usage[name] ?? 0;
    if (units > 0) sum += BigInt(units) * BigInt(priceOf(prices, name) ?? 0);
  }
  return sum;
}

/** Millionths of a nano-USD as an amount, rounded up. Throws `amount_out_of_range` above `AMOUNT_MAX`. */
export function roundUp(exact: bigint): Amount {
  return amount((exact + MILLIONTHS_PER_NANO_USD - 1n) / MILLIONTHS_PER_NANO_USD, 'cost');
}

/** The error for a class of units, or a service tier, that a price does not cover. */
export function unpricedClass(what: string, field: string, model?: string): BursarError {
  return new BursarError('price_unknown', {
    field,
    message: `The price${model === undefined ? '' : ` of ${JSON.stringify(model.slice(0, 80))}`} does not cover ${what}; add it to the price overrides (BURSAR_PRICES_FILE).`,
  });
}

/** The classes that `usage` names, which are few of all there are. */
function classesIn(usage: Usage): readonly UsageClass[] {
  return Object.keys(usage) as UsageClass[];
}

function isIn(names: readonly UsageClass[]): (name: UsageClass) => boolean {
  return (name) => names.includes(name);
}

function charging(
  usage: Usage,
  price: PriceNumbers,
  serviceTier: ServiceTier,
  many?: ManyCalls,
): {
  readonly charged: Usage;
  readonly prices: NanoUsdPerMillion;
  readonly isTierPriced: boolean;
} {
  const checked = checkUsage(usage);
  const inputTokens = many?.inputTokensMax ?? totalInputTokens(checked);
  const inTier = pricesInTier(price, inputTokens, serviceTier);
  const prices = inTier ?? pricesAt(price, inputTokens);
  return {
    charged: chargedUsage(checked, price, prices, many?.calls),
    prices,
    isTierPriced: inTier !== undefined,
  };
}
