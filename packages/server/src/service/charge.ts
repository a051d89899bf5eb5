/**
 * What a call may cost, before it is made, and did cost, after it.
 *
 * Before: the safe upper bound, or the caller's own amount. After: the usage at the pinned price, or the
 * caller's own cost. Settling must not fail over a price, because the money is spent: what the price does
 * not cover is charged with no less than was set aside, and named in the ledger.
 */
import {
  type Amount,
  costOfPricedClasses,
  estimate,
  type EstimateInput,
  larger,
  OUTPUT_TOKENS_FALLBACK,
  outputTokensBound,
  parseUsd,
  type Price,
  type Usage,
  USAGE_CLASS_NAMES,
  type UsageClass,
  ZERO,
} from '@bursar/core';

/** What a caller knows of a call before it is made. */
export interface CallBounds {
  readonly inputTokens: number;
  readonly outputTokensMax?: number | undefined;
}

/** The bounds of a call at a price; without an output bound of its own it gets the model's. */
export function estimateInputOf(price: Price, model: string, bounds: CallBounds): EstimateInput {
  return {
    price,
    inputTokens: bounds.inputTokens,
    outputTokensMax:
      bounds.outputTokensMax ?? outputTokensBound(model) ?? OUTPUT_TOKENS_FALLBACK,
  };
}

/** What to set aside. `input` prices the bounds; without it the caller named `amountUsd`. */
export function amountToReserve(
  input: EstimateInput | undefined,
  amountUsd: string | undefined,
): Amount | undefined {
  if (input !== undefined) return estimate(input);
  return amountUsd === undefined ? undefined : parseUsd(amountUsd, 'amountUsd');
}

/** What a call did cost, and which classes of its usage no price covered. */
export interface Charge {
  readonly cost: Amount;
  readonly unpriced: readonly UsageClass[];
}

/**
 * What `usage` costs at `price`. `reservedFor` tells what was set aside for the call; it is asked only when
 * the price does not cover everything.
 */
export async function chargeFor(
  usage: Usage,
  price: Price | null,
  reservedFor: () => Promise<Amount>,
): Promise<Charge> {
  const { cost, unpriced } =
    price === null
      ? { cost: ZERO, unpriced: USAGE_CLASS_NAMES.filter((name) => (usage[name] ?? 0) > 0) }
      : costOfPricedClasses(usage, price);
  return { cost: unpriced.length === 0 ? cost : larger(cost, await reservedFor()), unpriced };
}
