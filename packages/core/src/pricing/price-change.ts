/**
 * What changes between two prices, number by number, and which change is absurd.
 *
 * Vendors move their prices by halves and doubles. A factor above a hundred is a slip of the unit: USD per
 * token or per thousand, written where USD per million was meant. To zero is no slip: free has to be said.
 */
import { type PriceNumbers, priceOf, pricesAt } from './price.ts';
import { PRICED_TIERS, type PricedTier, tierFactor } from './service-tier.ts';
import { USAGE_CLASS_NAMES, type UsageClass } from './usage-class.ts';

/** A price that changes by more than this factor, up or down, is taken for a slip. */
export const ABSURD_FACTOR = 100;

/** One number that differs. */
export interface PriceChange {
  /** A class, or the multiple of a service tier. */
  readonly what: UsageClass | PricedTier;
  /** For a class: the context tier, by the input tokens above which it applies; 0 for the base prices. */
  readonly aboveInputTokens: number;
  /** Nano-USD per million units, or billionths of a multiple; `undefined` where there is none. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** What `after` changes. A class that only one of them names is compared with the fallback of the other. */
export function changesBetween(
  before: PriceNumbers | undefined,
  after: PriceNumbers | undefined,
): readonly PriceChange[] {
  const changes: PriceChange[] = [];
  const thresholds = new Set([0, ...thresholdsOf(before), ...thresholdsOf(after)]);
  for (const aboveInputTokens of [...thresholds].sort((a, b) => a - b)) {
    for (const what of USAGE_CLASS_NAMES) {
      if (!names(before, what) && !names(after, what)) continue;
      add(changes, {
        what,
        aboveInputTokens,
        before: numberAt(before, what, aboveInputTokens),
        after: numberAt(after, what, aboveInputTokens),
      });
    }
  }
  for (const what of PRICED_TIERS) {
    add(changes, {
      what,
      aboveInputTokens: 0,
      before: factorAt(before, what),
      after: factorAt(after, what),
    });
  }
  return changes;
}

/** Whether `change` is more than a factor of `ABSURD_FACTOR`. Something from or to nothing or zero is not. */
export function isAbsurd({ before, after }: PriceChange): boolean {
  if (before === undefined || after === undefined || before === 0 || after === 0) return false;
  const [low, high] = before < after ? [before, after] : [after, before];
  return BigInt(high) > BigInt(low) * BigInt(ABSURD_FACTOR);
}

/** The change in percent with one decimal, as in `-50.0 %`; `new`, `gone`, or `from free` where there is none. */
export function percentOf({ before, after }: PriceChange): string {
  if (before === undefined) return 'new';
  if (after === undefined) return 'gone';
  if (before === 0) return 'from free';
  const permille = roundedQuotient(BigInt(after - before) * 1000n, BigInt(before));
  const size = permille < 0n ? -permille : permille;
  return `${permille < 0n ? '-' : '+'}${size / 10n}.${size % 10n} %`;
}

function add(changes: PriceChange[], change: PriceChange): void {
  if (change.before !== change.after) changes.push(change);
}

function thresholdsOf(price: PriceNumbers | undefined): readonly number[] {
  return (price?.contextTiers ?? []).map(({ aboveInputTokens }) => aboveInputTokens);
}

function names(price: PriceNumbers | undefined, what: UsageClass): boolean {
  if (price === undefined) return false;
  const lists = [price.nanoUsdPerMillion, ...(price.contextTiers ?? []).map(pricesOf)];
  return lists.some((prices) => prices[what] !== undefined);
}

function pricesOf({ nanoUsdPerMillion }: PriceNumbers): PriceNumbers['nanoUsdPerMillion'] {
  return nanoUsdPerMillion;
}

function numberAt(
  price: PriceNumbers | undefined,
  what: UsageClass,
  aboveInputTokens: number,
): number | undefined {
  // The base prices are those of the shortest call; above a threshold begins with the next token.
  const length = aboveInputTokens === 0 ? 0 : aboveInputTokens + 1;
  return price && priceOf(pricesAt(price, length), what);
}

function factorAt(price: PriceNumbers | undefined, what: PricedTier): number | undefined {
  if (price === undefined) return undefined;
  const factor = tierFactor(price.serviceTiers, what);
  return factor && Number((BigInt(factor[0]) * 1_000_000_000n) / BigInt(factor[1]));
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const half = dividend < 0n ? -divisor / 2n : divisor / 2n;
  return (dividend + half) / divisor;
}
