/**
 * Service tiers: how soon and how surely the provider serves a call, and what that does to its price.
 *
 * Providers publish the prices of a tier as a multiple of the standard ones (a batch at half, a fast call at
 * double), for every token alike. The multiple is kept as a fraction of two integers, and a price whose
 * tokens it does not divide evenly is refused (`check-price.ts`), so that no tier ever rounds. What is not
 * tokens, such as a search, costs the same in every tier.
 */
import { type ByClass, USAGE_CLASSES, type UsageClass } from './usage-class.ts';

/**
 * `batch` and `flex` are served later and cost less; `priority` is served sooner and costs more (OpenAI's
 * priority and fast, Google's priority, Anthropic's fast mode), `ultrafast` more so. `other` is a tier that
 * Bursar does not know.
 */
export type ServiceTier = 'standard' | 'batch' | 'flex' | 'priority' | 'ultrafast' | 'other';

/** A tier that a price can have a multiple for. */
export type PricedTier = Exclude<ServiceTier, 'standard' | 'other'>;

/** Every tier. */
export const SERVICE_TIERS: readonly ServiceTier[] = [
  'standard',
  'batch',
  'flex',
  'priority',
  'ultrafast',
  'other',
];

/** The tiers that a price can have a multiple for. */
export const PRICED_TIERS: readonly PricedTier[] = ['batch', 'flex', 'priority', 'ultrafast'];

/** Numerator and denominator of a multiple, whole numbers from 1 to `FACTOR_PART_MAX`: `[1, 2]` is half. */
export type PriceFactor = readonly [number, number];

/** Largest numerator or denominator. */
export const FACTOR_PART_MAX = 1_000_000;

/** The multiples of a price, by tier. */
export type TierFactors = { readonly [K in PricedTier]?: PriceFactor };

const STANDARD: PriceFactor = [1, 1];

/** Tiers without a multiple of their own cost no more than standard, for they are served no sooner. */
const NEVER_DEARER: ReadonlySet<ServiceTier> = new Set<ServiceTier>(['standard', 'batch', 'flex']);

/**
 * What `serviceTier` multiplies token prices by, or `undefined` when that is not known. A discount that is
 * not known is not given; a surcharge that is not known is not guessed.
 */
export function tierFactor(
  factors: TierFactors | undefined,
  serviceTier: ServiceTier,
): PriceFactor | undefined {
  const own = isPricedTier(serviceTier) ? factors?.[serviceTier] : undefined;
  return own ?? (NEVER_DEARER.has(serviceTier) ? STANDARD : undefined);
}

/** `prices` with every token price multiplied. `factor` divides them evenly, as `dividesEvenly` has found. */
export function multiplied(prices: ByClass, factor: PriceFactor): ByClass {
  if (factor[0] === factor[1]) return prices;
  const result: { [K in UsageClass]?: number } = {};
  for (const [name, price] of Object.entries(prices) as [UsageClass, number][]) {
    result[name] = isToken(name) ? Number(times(price, factor)) : price;
  }
  return result;
}

/** Whether `factor` makes whole numbers of all token prices of `prices`. */
export function dividesEvenly(prices: ByClass, factor: PriceFactor): boolean {
  return (Object.entries(prices) as [UsageClass, number][]).every(
    ([name, price]) =>
      !isToken(name) ||
      ((BigInt(price) * BigInt(factor[0])) % BigInt(factor[1]) === 0n &&
        Number.isSafeInteger(Number(times(price, factor)))),
  );
}

/** Whether `name` is a tier that a price can have a multiple for. */
export function isPricedTier(name: string): name is PricedTier {
  return (PRICED_TIERS as readonly string[]).includes(name);
}

function times(price: number, [numerator, denominator]: PriceFactor): bigint {
  return (BigInt(price) * BigInt(numerator)) / BigInt(denominator);
}

function isToken(name: UsageClass): boolean {
  return USAGE_CLASSES[name].side !== 'other';
}
