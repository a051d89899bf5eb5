/**
 * What to set aside for a call before it is made: the safe upper bound of its tokens at the agreed price, or
 * the caller's own amount.
 */
import type { BursarService } from '@bursar/api';
import {
  type Amount,
  BursarError,
  costOfPricedClasses,
  estimate,
  type EstimateInput,
  OTHER_CLASSES,
  type OtherClass,
  OUTPUT_TOKENS_FALLBACK,
  outputTokensBound,
  parseUsd,
  type Price,
  USAGE_CLASS_NAMES,
  USAGE_CLASSES,
  type UsageClass,
} from '@bursar/core';
import type { OutputBasis } from './output-terms.ts';
import type { Terms } from './terms.ts';

/** The parts of a message that say how much may be needed; at most one of them is given. */
export type Wanted = Pick<Parameters<BursarService['reserve']>[1], 'estimate' | 'amountUsd'>;

/** Units that are no tokens, by class. */
type OtherUnits = { readonly [K in OtherClass]?: number };

/** How much to set aside, and the bounds it was estimated from, if it was. */
export interface CallEstimate {
  /** `null`: the message asked for no amount. */
  readonly amount: Amount | null;
  readonly bounds: EstimateInput | undefined;
  /** Where the output bound is from. */
  readonly basis: OutputBasis;
}

/** How much output a call is expected to have that may have `worst`; `undefined`: that much. */
export type ExpectOutput = (worst: number) => number | undefined;

/**
 * The amount that `wanted` asks for. A call without an output bound of its own gets its model's, and a model
 * without one the largest there is, or as much less as `expect` says. Throws `price_unknown`, naming the field, for tokens that the agreed
 * price does not cover.
 */
export function estimateCall(
  wanted: Wanted,
  terms: Terms,
  expect: ExpectOutput = () => undefined,
): CallEstimate {
  if (wanted.estimate === undefined) {
    const { amountUsd } = wanted;
    const amount = amountUsd === undefined ? null : parseUsd(amountUsd, 'amountUsd');
    return { amount, bounds: undefined, basis: 'asked' };
  }
  const { price, model } = terms;
  if (price === null) {
    throw unpriced('estimate', `No price was known for the model ${JSON.stringify(model)} then`);
  }
  const { inputTokens, serviceTier = 'standard', many } = wanted.estimate;
  const { outputTokensMax, basis } = outputOf(wanted.estimate, model, expect);
  const classes = classesOf(price, wanted.estimate);
  const otherUnitsMax = pricedUnits(wanted, price);
  // What is charged by the piece is not charged by tokens too, unless it has a price for them.
  const isByPiece = otherUnitsMax !== undefined;
  const uncovered = (side: 'input' | 'output', tokens: number): boolean =>
    tokens > 0 && !classes.some((name) => USAGE_CLASSES[name].side === side);
  const counted = (side: 'input' | 'output', tokens: number): number =>
    isByPiece && uncovered(side, tokens) ? 0 : tokens;
  const priceOfModel = `The price of the model ${JSON.stringify(model)} covers no`;
  if (uncovered('input', counted('input', inputTokens))) {
    throw unpriced('estimate.inputTokens', `${priceOfModel} input tokens`);
  }
  if (uncovered('output', counted('output', outputTokensMax))) {
    throw unpriced(
      'estimate.outputTokensMax',
      `${priceOfModel} output tokens (if the call produces none, say so with 0)`,
    );
  }
  const bounds = {
    price,
    inputTokens: counted('input', inputTokens),
    outputTokensMax: counted('output', outputTokensMax),
    classes,
    serviceTier,
    ...(otherUnitsMax === undefined ? {} : { otherUnitsMax }),
    ...(many === undefined ? {} : { many }),
  };
  return { amount: estimate(bounds), bounds, basis };
}

/** Of the other units that are wanted, those that `price` has; `undefined`: none. */
export function pricedUnits(
  { estimate: wanted }: Wanted,
  price: Price | null,
): OtherUnits | undefined {
  if (wanted?.otherUnits === undefined || price === null) return undefined;
  const priced: { [K in OtherClass]?: number } = {};
  for (const name of OTHER_CLASSES) {
    const units = wanted.otherUnits[name];
    if (units !== undefined && covers(price, name)) priced[name] = units;
  }
  return Object.keys(priced).length === 0 ? undefined : priced;
}

/**
 * The output bound. A cap that is no less than what the model can produce is none: clients send such caps without
 * meaning anything by it. Of several choices it is unknown how many make full use of theirs.
 */
function outputOf(
  { outputTokensMax: cap, choices, many }: NonNullable<Wanted['estimate']>,
  model: string,
  expect: ExpectOutput,
): { readonly outputTokensMax: number; readonly basis: OutputBasis } {
  if (many !== undefined && cap !== undefined) return { outputTokensMax: cap, basis: 'asked' };
  const bound = outputTokensBound(model) ?? OUTPUT_TOKENS_FALLBACK;
  if (cap !== undefined && (cap < bound || cap === 0 || choices > 1)) {
    return { outputTokensMax: cap, basis: 'asked' };
  }
  const worst = cap ?? bound;
  const expected = expect(worst);
  return expected === undefined
    ? { outputTokensMax: worst, basis: 'worst' }
    : { outputTokensMax: expected, basis: 'learned' };
}

const AUDIO_CLASSES: ReadonlySet<UsageClass> = new Set([
  'audioInputTokens',
  'cachedAudioInputTokens',
  'audioOutputTokens',
]);

/** What `classesOf` has found, by price: each call asks it, and prices are objects that stay. */
const CLASSES = new WeakMap<Price, Map<string, readonly UsageClass[]>>();

/**
 * The token classes that `price` covers; on a side that has anything else, without those that a call is only
 * charged in when it asks for it: audio, which costs many times what text does and would make every text call
 * look that dear, and long cache writes.
 */
function classesOf(
  price: Price,
  { audio = false, longCache = false }: NonNullable<Wanted['estimate']>,
): readonly UsageClass[] {
  const key = `${audio}/${longCache}`;
  const known = CLASSES.get(price);
  const found = known?.get(key);
  if (found !== undefined) return found;
  const isAskedFor = (name: UsageClass): boolean =>
    (audio || !AUDIO_CLASSES.has(name)) && (longCache || name !== 'cacheWriteLongTokens');
  const covered = USAGE_CLASS_NAMES.filter((name) => covers(price, name));
  const classes = (['input', 'output'] as const).flatMap((side) => {
    const all = covered.filter((name) => USAGE_CLASSES[name].side === side);
    const askedFor = all.filter(isAskedFor);
    return askedFor.length === 0 ? all : askedFor;
  });
  if (known === undefined) CLASSES.set(price, new Map([[key, classes]]));
  else known.set(key, classes);
  return classes;
}

function covers(price: Price, name: UsageClass): boolean {
  return costOfPricedClasses({ [name]: 1 }, price).unpriced.length === 0;
}

function unpriced(field: string, problem: string): BursarError {
  return new BursarError('price_unknown', {
    field,
    message: `${problem}; add it to the price overrides (BURSAR_PRICES_FILE), or send amountUsd instead of estimate.`,
  });
}
