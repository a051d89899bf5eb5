/**
 * The models of a prices file: prices in decimal USD per million units, as vendors print them, or another
 * model to be charged as.
 *
 * ```json
 * {
 *   "my-model": { "inputTokens": "2.50", "cachedInputTokens": "1.25", "outputTokens": "10" },
 *   "my-free-model": { "inputTokens": "0", "outputTokens": "0" },
 *   "my-dated-model": [
 *     { "inputTokens": "10", "outputTokens": "40" },
 *     { "effectiveFrom": "2027-01-01", "inputTokens": "2", "outputTokens": "8" }
 *   ],
 *   "my-long-model": {
 *     "inputTokens": "2", "outputTokens": "10",
 *     "contextTiers": [{ "aboveInputTokens": 272000, "inputTokens": "4", "outputTokens": "15" }],
 *     "serviceTiers": { "batch": "0.5", "priority": "20/11" }
 *   },
 *   "my-fine-tuned-model": { "chargeAs": "gpt-4o" }
 * }
 * ```
 *
 * Prices are texts, so that no decimal passes through a float; whole numbers may be written as numbers.
 */
import { parseUsd } from '../amount.ts';
import { BursarError } from '../errors.ts';
import type { ContextTier, NanoUsdPerMillion } from './price.ts';
import type { DatedPrice, PriceOverride } from './price-table.ts';
import { PRICED_TIERS, type PriceFactor, type TierFactors } from './service-tier.ts';
import { isUsageClass, USAGE_CLASS_NAMES, type UsageClass } from './usage-class.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The overrides in `value`, which is parsed JSON. Throws `input_invalid` or `amount_out_of_range`, naming the
 * field, as in `prices.my-model.inputTokens`. `withOverrides` checks what is left to check: order, number,
 * completeness, and whether there is such a model to be charged as.
 */
export function parsePriceOverrides(value: unknown, field = 'prices'): readonly PriceOverride[] {
  return Object.entries(objectOf(value, field)).map(([model, entry]) => {
    const path = `${field}.${model.slice(0, 80)}`;
    const chargeAs = chargeAsOf(entry, path);
    if (chargeAs !== undefined) return { model, chargeAs };
    const prices = Array.isArray(entry)
      ? entry.map((price, index) => datedPriceOf(price, `${path}.${index}`))
      : [datedPriceOf(entry, path)];
    return { model, prices };
  });
}

/** The model that `entry` is to be charged as; `undefined` when it has prices instead. */
function chargeAsOf(entry: unknown, field: string): string | undefined {
  if (typeof entry !== 'object' || entry === null || !Object.hasOwn(entry, 'chargeAs')) {
    return undefined;
  }
  const { chargeAs, ...others } = entry as JsonObject;
  if (typeof chargeAs !== 'string' || chargeAs === '') {
    throw invalid(`${field}.chargeAs`, 'must be the id of a model');
  }
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw invalid(
      `${field}.${other.slice(0, 40)}`,
      'cannot stand beside chargeAs: give prices or another model, not both',
    );
  }
  return chargeAs;
}

function datedPriceOf(value: unknown, field: string): DatedPrice {
  const { effectiveFrom, contextTiers, serviceTiers, ...prices } = objectOf(value, field);
  const nanoUsdPerMillion = pricesOf(prices, field);
  return {
    nanoUsdPerMillion,
    ...(effectiveFrom !== undefined && {
      effectiveFromMs: instantOf(effectiveFrom, `${field}.effectiveFrom`),
    }),
    ...(contextTiers !== undefined && {
      contextTiers: tiersOf(contextTiers, `${field}.contextTiers`),
    }),
    ...(serviceTiers !== undefined && {
      serviceTiers: factorsOf(serviceTiers, `${field}.serviceTiers`),
    }),
  };
}

/** Multiples, as decimals or fractions; `checkPriceNumbers` looks at their names and whether they divide. */
function factorsOf(value: unknown, field: string): TierFactors {
  return Object.fromEntries(
    Object.entries(objectOf(value, field)).map(([tier, factor]) => [
      tier,
      factorOf(factor, `${field}.${tier.slice(0, 40)}`),
    ]),
  );
}

const FRACTION = /^([0-9]{1,6})(?:\/([0-9]{1,6})|\.([0-9]{1,6}))?$/;

function factorOf(value: unknown, field: string): PriceFactor {
  const match = typeof value === 'string' ? FRACTION.exec(value) : null;
  if (match === null) {
    throw invalid(
      field,
      `must be a multiple of the standard prices, written as a text such as "0.5" or "20/11"; the tiers are ${PRICED_TIERS.join(', ')}`,
    );
  }
  const [, whole = '', denominator, decimals = ''] = match;
  if (denominator !== undefined) return reduced(Number(whole), Number(denominator));
  return reduced(Number(whole + decimals), 10 ** decimals.length);
}

function reduced(numerator: number, denominator: number): PriceFactor {
  let [divisor, rest] = [numerator, denominator];
  while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  return divisor === 0 ? [numerator, denominator] : [numerator / divisor, denominator / divisor];
}

function tiersOf(value: unknown, field: string): readonly ContextTier[] {
  if (!Array.isArray(value)) throw invalid(field, 'must be a list');
  return value.map((item: unknown, index): ContextTier => {
    const { aboveInputTokens, ...prices } = objectOf(item, `${field}.${index}`);
    if (typeof aboveInputTokens !== 'number') {
      throw invalid(`${field}.${index}.aboveInputTokens`, 'must be a number of tokens');
    }
    return { aboveInputTokens, nanoUsdPerMillion: pricesOf(prices, `${field}.${index}`) };
  });
}

function pricesOf(value: JsonObject, field: string): NanoUsdPerMillion {
  const prices: { [K in UsageClass]?: number } = {};
  for (const [name, usd] of Object.entries(value)) {
    const path = `${field}.${name.slice(0, 40)}`;
    if (!isUsageClass(name)) {
      throw invalid(
        path,
        `is not a class of usage; the classes are ${USAGE_CLASS_NAMES.join(', ')}`,
      );
    }
    if (typeof usd !== 'string' && !Number.isInteger(usd)) {
      throw invalid(
        path,
        'must be decimal USD per million units, written as a text such as "2.50"',
      );
    }
    // USD per million units in nano-USD is what a price is.
    prices[name] = parseUsd(String(usd), path);
  }
  return prices;
}

const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$/;

function instantOf(value: unknown, field: string): number {
  const atMs = typeof value === 'string' && DATE.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs) || atMs < 0) {
    throw invalid(
      field,
      'must be a date such as 2027-01-01 or an instant such as 2027-01-01T00:00:00Z',
    );
  }
  return atMs;
}

function objectOf(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, 'must be an object');
  }
  return value as JsonObject;
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
