/**
 * Estimates: the most that a call can cost, before it is made.
 *
 * The bound assumes that every input token is charged in the dearest class it can fall into (a cache write
 * may cost more than plain input), every output token likewise, in the context tier where that costs most.
 * Invariant, tested: a call that stays within the given bounds and classes never costs more than its
 * estimate, and a larger bound never gives a smaller estimate.
 */
import { type Amount, larger, ZERO } from '../amount.ts';
import { BursarError } from '../errors.ts';
import {
  chargedUsage,
  type ManyCalls,
  millionths,
  MILLIONTHS_PER_NANO_USD,
  roundUp,
  unpricedClass,
} from './cost.ts';
import { type NanoUsdPerMillion, type Price, priceOf, pricesInTier } from './price.ts';
import type { ServiceTier } from './service-tier.ts';
import { USAGE_CLASS_NAMES, USAGE_CLASSES, type UsageClass } from './usage-class.ts';
import { checkUnits, checkUsage, type Usage } from './usage.ts';

/** What is known about a call before it is made. */
export interface EstimateInput {
  readonly price: Price;
  /** Upper bound of the input tokens of all classes together, 0 … `UNITS_MAX`. */
  readonly inputTokens: number;
  /** Upper bound of the output tokens of all classes and all choices together, 0 … `UNITS_MAX`. */
  readonly outputTokensMax: number;
  /**
   * The token classes that this call can be charged in; by default every class that the price covers, which
   * is safe and for a text call to an audio model far too much. Naming a class that the price does not cover
   * throws `price_unknown`: that call must not be made.
   */
  readonly classes?: readonly UsageClass[];
  /** Upper bounds of what is not tokens: tool calls, milliseconds of audio. By default none. */
  readonly otherUnitsMax?: Usage;
  /**
   * The service tier that the call asks for; by default the standard one. One that costs more than that, and
   * nobody knows how much, throws `price_unknown`.
   */
  readonly serviceTier?: ServiceTier;
  /** Several calls, which have the other bounds together; by default one. */
  readonly many?: ManyCalls;
}

/** One context tier that the call can end in, with the dearest usage there. */
interface WorstCase {
  readonly prices: NanoUsdPerMillion;
  /** Everything but the output. */
  readonly usage: Usage;
  readonly outputClass: UsageClass;
}

/**
 * The most that a call can cost, in nano-USD. Throws `price_unknown` when tokens are expected on a side or
 * in a class that the price does not cover, `input_invalid` for bounds outside 0 … `UNITS_MAX`, and
 * `amount_out_of_range` above `AMOUNT_MAX`.
 */
export function estimate(input: EstimateInput): Amount {
  const output = checkUnits(input.outputTokensMax, 'outputTokensMax');
  let most = ZERO;
  for (const { prices, usage, outputClass } of worstCases(input)) {
    most = larger(most, roundUp(millionths({ ...usage, [outputClass]: output }, prices)));
  }
  return most;
}

/**
 * The largest output bound, up to `input.outputTokensMax`, with which the estimate is at most `available`;
 * 0 when not even one output token fits. Exact: one token more would not fit. Throws like `estimate`.
 */
export function largestOutputFitting(available: Amount, input: EstimateInput): number {
  let fitting = BigInt(checkUnits(input.outputTokensMax, 'outputTokensMax'));
  for (const { prices, usage, outputClass } of worstCases(input)) {
    // Rounding up to a whole nano-USD stays within `available` as long as the exact sum does.
    const room = BigInt(available) * MILLIONTHS_PER_NANO_USD - millionths(usage, prices);
    if (room < 0n) return 0;
    const perToken = millionths({ [outputClass]: 1 }, prices);
    if (perToken > 0n && room / perToken < fitting) fitting = room / perToken;
  }
  return Number(fitting);
}

function worstCases(input: EstimateInput): readonly WorstCase[] {
  const inputTokens = checkUnits(input.inputTokens, 'inputTokens');
  const other = otherUnits(input);
  const { many } = input;
  const longest = many === undefined ? inputTokens : checkUnits(many.inputTokensMax, 'many');
  // A longer input may be cheaper in another class, so every tier up to the bound has to be looked at.
  const tiers = (input.price.contextTiers ?? []).filter((tier) => tier.aboveInputTokens < longest);
  const lengths = [...tiers.map((tier) => tier.aboveInputTokens), longest];
  return lengths.map((length) => {
    const prices = pricesOrThrow(input, length);
    const inputClass = dearest(input, prices, 'input', inputTokens);
    const outputClass = dearest(input, prices, 'output', input.outputTokensMax);
    for (const name of Object.keys(other) as UsageClass[]) {
      if (priceOf(prices, name) === undefined) {
        throw unpricedClass(name, `otherUnitsMax.${name}`, input.price.model);
      }
    }
    // How many of several calls are as long as that, nobody knows: perhaps all.
    const tokens = many === undefined ? length : inputTokens;
    const used = { ...other, [inputClass]: tokens };
    const usage = chargedUsage(used, input.price, prices, many?.calls);
    return { prices, usage, outputClass };
  });
}

function pricesOrThrow(input: EstimateInput, inputTokens: number): NanoUsdPerMillion {
  const { price, serviceTier = 'standard' } = input;
  const prices = pricesInTier(price, inputTokens, serviceTier);
  if (prices !== undefined) return prices;
  throw unpricedClass(`the service tier ${serviceTier}`, 'serviceTier', price.model);
}

/** The class of `side` with the highest price among those that the call can be charged in. */
function dearest(
  input: EstimateInput,
  prices: NanoUsdPerMillion,
  side: 'input' | 'output',
  tokens: number,
): UsageClass {
  let found: UsageClass | undefined;
  let highest = -1;
  for (const name of input.classes ?? USAGE_CLASS_NAMES) {
    if (USAGE_CLASSES[name].side !== side) continue;
    const price = priceOf(prices, name);
    if (price === undefined && input.classes !== undefined && tokens > 0) {
      throw unpricedClass(name, 'classes', input.price.model);
    }
    if (price !== undefined && price > highest) {
      found = name;
      highest = price;
    }
  }
  const plain = side === 'input' ? 'inputTokens' : 'outputTokens';
  if (found !== undefined || tokens === 0) return found ?? plain;
  if (input.classes === undefined) throw unpricedClass(plain, plain, input.price.model);
  throw new BursarError('input_invalid', {
    field: 'classes',
    message: `classes must name at least one ${side} class, for ${side} tokens are expected`,
  });
}

function otherUnits(input: EstimateInput): Usage {
  const other = checkUsage(input.otherUnitsMax ?? {}, 'otherUnitsMax');
  for (const name of Object.keys(other) as UsageClass[]) {
    if (USAGE_CLASSES[name].side !== 'other') {
      throw new BursarError('input_invalid', {
        field: `otherUnitsMax.${name}`,
        message: `otherUnitsMax.${name} is a token class; it belongs into inputTokens or outputTokensMax`,
      });
    }
  }
  return other;
}
