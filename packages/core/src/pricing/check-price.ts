/**
 * Checks of prices that come from outside: from a store, or from an operator's overrides.
 *
 * A price that passes is complete: charging with it cannot meet a number that is not one.
 */
import { AMOUNT_MAX } from '../amount.ts';
import { BursarError } from '../errors.ts';
import type { ContextTier, NanoUsdPerMillion, Price, PriceNumbers } from './price.ts';
import {
  dividesEvenly,
  FACTOR_PART_MAX,
  isPricedTier,
  PRICED_TIERS,
  type PricedTier,
  type PriceFactor,
  type TierFactors,
} from './service-tier.ts';
import { type ByClass, isUsageClass, type UsageClass } from './usage-class.ts';
import { UNITS_MAX } from './usage.ts';

/** Most context tiers of one price. */
const CONTEXT_TIERS_MAX = 8;

/** `value` as a price, as it was pinned with a reservation. Throws `input_invalid`, naming the field. */
export function checkPrice(value: unknown, field = 'price'): Price {
  const record = recordOf(value, field);
  const { provider } = record;
  return {
    model: textOf(record['model'], `${field}.model`),
    ...(provider !== undefined && { provider: textOf(provider, `${field}.provider`) }),
    version: textOf(record['version'], `${field}.version`),
    ...checkPriceNumbers(record, field),
  };
}

/** The numbers of `value`. Throws `input_invalid`, naming the field. */
export function checkPriceNumbers(value: unknown, field = 'price'): PriceNumbers {
  const record = recordOf(value, field);
  const nanoUsdPerMillion = pricesOf(record['nanoUsdPerMillion'], `${field}.nanoUsdPerMillion`);
  const { contextTiers, serviceTiers, minimumUnits } = record;
  const tiers = contextTiers === undefined ? [] : tiersOf(contextTiers, `${field}.contextTiers`);
  return {
    nanoUsdPerMillion,
    ...(contextTiers !== undefined && { contextTiers: tiers }),
    ...(serviceTiers !== undefined && {
      serviceTiers: factorsOf(serviceTiers, `${field}.serviceTiers`, [
        nanoUsdPerMillion,
        ...tiers.map((tier) => tier.nanoUsdPerMillion),
      ]),
    }),
    ...(minimumUnits !== undefined && {
      minimumUnits: byClass(minimumUnits, `${field}.minimumUnits`, UNITS_MAX, 'a whole number'),
    }),
  };
}

function factorsOf(
  value: unknown,
  field: string,
  multipliedPrices: readonly NanoUsdPerMillion[],
): TierFactors {
  const factors: { [K in PricedTier]?: PriceFactor } = {};
  for (const [name, factor] of Object.entries(recordOf(value, field))) {
    const path = `${field}.${name.slice(0, 40)}`;
    if (!isPricedTier(name)) {
      throw invalid(path, `is not a service tier; the tiers are ${PRICED_TIERS.join(', ')}`);
    }
    if (!isFactor(factor)) {
      throw invalid(path, `must be two whole numbers from 1 to ${FACTOR_PART_MAX}`);
    }
    if (!multipliedPrices.every((prices) => dividesEvenly(prices, factor))) {
      throw invalid(path, 'must make whole nano-USD per million units of every token price');
    }
    factors[name] = factor;
  }
  return factors;
}

function isFactor(value: unknown): value is PriceFactor {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((part) => isCount(part, FACTOR_PART_MAX) && part > 0)
  );
}

function tiersOf(value: unknown, field: string): readonly ContextTier[] {
  if (!Array.isArray(value) || value.length > CONTEXT_TIERS_MAX) {
    throw invalid(field, `must be a list of at most ${CONTEXT_TIERS_MAX} tiers`);
  }
  let previous = -1;
  return value.map((item, index) => {
    const tier = recordOf(item, `${field}.${index}`);
    const aboveInputTokens = tier['aboveInputTokens'];
    if (!isCount(aboveInputTokens, UNITS_MAX) || aboveInputTokens <= previous) {
      throw invalid(
        `${field}.${index}.aboveInputTokens`,
        'must be a whole number, in ascending order',
      );
    }
    previous = aboveInputTokens;
    return {
      aboveInputTokens,
      nanoUsdPerMillion: pricesOf(tier['nanoUsdPerMillion'], `${field}.${index}.nanoUsdPerMillion`),
    };
  });
}

function pricesOf(value: unknown, field: string): NanoUsdPerMillion {
  const what = 'whole nano-USD per million units';
  const prices = byClass(value, field, AMOUNT_MAX, what);
  // Without any class there would be nothing to charge, and "free" must be said with a zero.
  if (Object.keys(prices).length === 0)
    throw invalid(field, 'must have the price of at least one class');
  return prices;
}

function byClass(value: unknown, field: string, max: number, what: string): ByClass {
  const numbers: { [K in UsageClass]?: number } = {};
  for (const [name, number] of Object.entries(recordOf(value, field))) {
    if (!isUsageClass(name))
      throw invalid(`${field}.${name.slice(0, 40)}`, 'is not a class of usage');
    if (!isCount(number, max)) throw invalid(`${field}.${name}`, `must be ${what}, 0 or more`);
    numbers[name] = number;
  }
  return numbers;
}

function isCount(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function recordOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, 'must be an object');
  }
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(field, 'must be a text');
  return value;
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
