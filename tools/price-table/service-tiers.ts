/**
 * What service tiers multiply prices by, which the source does not know, each with its source and date.
 *
 * A rule is for the models that its expression matches by the names of their rows; where several name the
 * same tier of a model, the first one counts. Tiers that a provider does not offer for a model are never
 * reported for it either, so that a rule may be wider than the offer, but not where it would be dearer.
 */
import type { DatedPrice, PriceRow } from '../../packages/core/src/pricing/price-table.ts';
import { PRICED_TIERS, type TierFactors } from '../../packages/core/src/pricing/service-tier.ts';

/** Multiples of the standard price for some models of one provider. */
export interface TierRule {
  readonly models: RegExp;
  readonly factors: TierFactors;
  readonly source: string;
  /** ISO date. */
  readonly retrievedOn: string;
  /** ISO date from which the multiples apply; absent: since ever. */
  readonly from?: string;
}

/** `rows` with the multiples of `rules`. */
export function withServiceTiers(
  rows: readonly PriceRow[],
  rules: readonly TierRule[],
): readonly PriceRow[] {
  return rows.map((row) => {
    const own = rules.filter(({ models }) => models.test(row.model));
    const lasting = factorsOf(own.filter(({ from }) => from === undefined));
    const prices = row.prices.map((price) => withFactors(price, lasting));
    for (const { from, factors } of own) {
      if (from !== undefined) prices.push(...changed(row.model, prices, from, factors));
    }
    return { ...row, prices };
  });
}

function factorsOf(rules: readonly TierRule[]): TierFactors {
  return Object.fromEntries(
    PRICED_TIERS.flatMap((tier) => {
      const factor = rules.find(({ factors }) => factors[tier] !== undefined)?.factors[tier];
      return factor === undefined ? [] : [[tier, factor] as const];
    }),
  );
}

function withFactors(price: DatedPrice, factors: TierFactors): DatedPrice {
  return Object.keys(factors).length === 0 ? price : { ...price, serviceTiers: factors };
}

/** The newest of `prices` again, with other multiples from a later day on. */
function changed(
  model: string,
  prices: readonly DatedPrice[],
  from: string,
  factors: TierFactors,
): readonly DatedPrice[] {
  const newest = prices.at(-1);
  const effectiveFromMs = Date.parse(from);
  if (newest === undefined || newest.dailyUtc !== undefined) {
    throw new Error(`${model}: cannot change its service tiers from ${from} on`);
  }
  if ((newest.effectiveFromMs ?? 0) >= effectiveFromMs) {
    throw new Error(`${model}: has a price from after ${from}, so its service tiers need a look`);
  }
  return [{ ...newest, effectiveFromMs, serviceTiers: { ...newest.serviceTiers, ...factors } }];
}

const HALF = [1, 2] as const;
const DOUBLE = [2, 1] as const;

const OPENAI_PRICING = 'https://developers.openai.com/api/docs/pricing';
const OPENAI_FAST = 'https://openai.com/api-fast-mode/';
const OPENAI_PRIORITY = 'https://openai.com/api-priority-processing/';
const RETRIEVED_ON = '2026-11-25';

/** What OpenAI's `fast`, formerly `priority`, costs. */
function fast(models: RegExp, factor: TierFactors['priority'], source = OPENAI_FAST): TierRule {
  return {
    models,
    factors: factor === undefined ? {} : { priority: factor },
    source,
    retrievedOn: RETRIEVED_ON,
  };
}

export const OPENAI_TIERS: readonly TierRule[] = [
  {
    models:
      /^(?!.*(?:audio|realtime|transcribe|tts|image|search))(?:gpt-|o[134]|codex|text-embedding)/,
    factors: { batch: HALF },
    source: OPENAI_PRICING,
    retrievedOn: RETRIEVED_ON,
  },
  {
    // The page lists no flex for gpt-6.2.
    models: /^(?!.*image)(?:gpt-5|gpt-6-|gpt-6\.1-|o3$|o4-mini$)/,
    factors: { flex: HALF },
    source: OPENAI_PRICING,
    retrievedOn: RETRIEVED_ON,
  },
  fast(/^gpt-6(?:\.[0-9])?-(?:sol|astra|luna)$/, DOUBLE),
  fast(/^gpt-5\.6-(?:sol|terra|luna)$/, DOUBLE),
  fast(/^gpt-5\.5$/, [5, 2]),
  fast(/^gpt-5(?:\.[1-4])?$|^gpt-5\.4-mini$|^gpt-5\.3-codex$/, DOUBLE, OPENAI_PRIORITY),
  fast(/^gpt-5-mini$/, [9, 5], OPENAI_PRIORITY),
  fast(/^gpt-4\.1(?:-mini)?$|^o3$|^gpt-4o-2024-05-13$/, [7, 4], OPENAI_PRIORITY),
  fast(/^gpt-4\.1-nano$/, DOUBLE, OPENAI_PRIORITY),
  fast(/^gpt-4o$/, [17, 10], OPENAI_PRIORITY),
  fast(/^gpt-4o-mini$/, [5, 3], OPENAI_PRIORITY),
  fast(/^o4-mini$/, [20, 11], OPENAI_PRIORITY),
  {
    models: /^gpt-6\.2-sol$/,
    factors: { ultrafast: [3, 1] },
    source: 'https://developers.openai.com/api/docs/models/gpt-6.2-sol',
    retrievedOn: RETRIEVED_ON,
  },
  {
    models: /^gpt-6\.2-sol$/,
    factors: { ultrafast: [6, 1] },
    source: 'https://developers.openai.com/api/docs/models/gpt-6.2-sol',
    retrievedOn: RETRIEVED_ON,
    from: '2027-03-01',
  },
];

const ANTHROPIC_FAST = 'https://platform.claude.com/docs/en/build-with-claude/fast-mode';

export const ANTHROPIC_TIERS: readonly TierRule[] = [
  {
    models: /./,
    factors: { batch: HALF },
    source: 'https://platform.claude.com/docs/en/build-with-claude/batch-processing',
    retrievedOn: RETRIEVED_ON,
  },
  {
    models: /^claude-opus-4-[67]$/,
    factors: { priority: [6, 1] },
    source: ANTHROPIC_FAST,
    retrievedOn: RETRIEVED_ON,
  },
  {
    models: /^claude-opus-(?:4-8|5|5-5)$/,
    factors: { priority: DOUBLE },
    source: ANTHROPIC_FAST,
    retrievedOn: RETRIEVED_ON,
  },
];

const GOOGLE_TIERS_PAGE = 'https://ai.google.dev/gemini-api/docs/optimization';

export const GOOGLE_TIERS: readonly TierRule[] = [
  {
    models: /^gemini-(?!.*(?:live|tts))/,
    factors: { batch: HALF, flex: HALF },
    source: GOOGLE_TIERS_PAGE,
    retrievedOn: RETRIEVED_ON,
  },
  {
    // The page says "75 to 100 % more" of all models; the price lists of these say how much.
    models: /^gemini-(?:3\.[78]-flash|4-(?:neon|hydrogen))$/,
    factors: { priority: [9, 5] },
    source: 'https://ai.google.dev/gemini-api/docs/pricing',
    retrievedOn: RETRIEVED_ON,
  },
];
