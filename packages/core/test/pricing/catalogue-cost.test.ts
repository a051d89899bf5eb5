/**
 * Every model of the catalogue against the arithmetic of its source: a thousand usages each, in exact
 * fractions. Models at the very same prices share their thousand, for cost knows nothing of a model's name.
 */
import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/pricing/catalogue/index.ts';
import { cost } from '../../src/pricing/cost.ts';
import { type PriceNumbers, priceOf } from '../../src/pricing/price.ts';
import type { DatedPrice, PriceRow } from '../../src/pricing/price-table.ts';
import { USAGE_CLASS_NAMES, type UsageClass } from '../../src/pricing/usage-class.ts';
import type { Usage } from '../../src/pricing/usage.ts';
import { randomUsages, seeded } from './seeded-usage.ts';
import {
  exactCostAt,
  PARTS_PER_NANO_USD,
  type SourcePrices,
  sourceUsage,
} from './source-arithmetic.ts';

interface SourceModel {
  readonly id: string;
  readonly prices: SourcePrices | readonly SourceDated[];
}
interface SourceDated {
  readonly constraint?: { readonly start_date?: string; readonly start_time?: string };
  readonly prices: SourcePrices;
}

/** Models that the source lacks: tools/price-table/*-amendments.ts says where their prices are from. */
const ADDED = [
  'openai/gpt-6.2-astra',
  'openai/gpt-6.1-sol',
  'openai/gpt-6.2-sol',
  'openai/tts-1',
  'openai/tts-1-hd',
  'openai/dall-e-2',
  'openai/dall-e-3',
  'anthropic/claude-haiku-5-5',
  'anthropic/claude-sonnet-5-5',
  'anthropic/claude-mythos-5',
  'anthropic/claude-mythos-5-1',
  'google/gemini-4-neon',
  'google/gemini-4-hydrogen',
  'x-ai/grok-4.7',
];

const VIDEO: readonly UsageClass[] = ['videoInputTokens', 'cachedVideoInputTokens'];

/** Classes that the source has no price for; the others of these models are compared. */
const SEARCHES: readonly UsageClass[] = ['webSearchCalls'];
const FREE: readonly UsageClass[] = ['inputTokens', 'outputTokens'];
const AUDIO: readonly UsageClass[] = ['audioInputTokens', 'audioOutputTokens'];
const EXTENDED: ReadonlyMap<string, readonly UsageClass[]> = new Map([
  ['openai/gpt-4o-audio-preview', AUDIO],
  ['openai/gpt-4o-mini-audio-preview', AUDIO],
  // What the source has no prices for at all, it says costs nothing.
  ['openai/moderation', FREE],
  ['google/gemma-3', FREE],
  ['google/gemma-3n', FREE],
  ['google/gemma-4-26b-a4b-it', FREE],
  ['google/gemma-4-31b-it', FREE],
  ['google/gemini-3-flash-preview', SEARCHES],
  ['google/gemini-3-pro-preview', SEARCHES],
  ['google/gemini-3-pro-image-preview', SEARCHES],
  ['google/gemini-3.1-flash-lite', SEARCHES],
  ['google/gemini-3.1-flash-image-preview', SEARCHES],
  ['google/gemini-3.1-pro-preview', SEARCHES],
  ['google/gemini-3.5-flash', SEARCHES],
  ['google/gemini-3.5-flash-lite', SEARCHES],
  ['google/gemini-3.6-flash', SEARCHES],
  ['google/gemini-3.7-flash', SEARCHES],
  ['google/gemini-3.8-flash', SEARCHES],
]);

/** Models that their provider does not sell. */
const WITHHELD = ['openai/gpt-oss-120b', 'openai/gpt-oss-20b', 'openai/gpt-oss-safeguard-20b'];

/** Models without any price at the source, which makes them free there and unknown here. */
const LEFT_OUT = [
  ...WITHHELD,
  'cerebras/qwen-3-coder-480b',
  'github-copilot/gpt-3.5-turbo',
  'github-copilot/gpt-4.1',
  'github-copilot/gpt-4o',
  'github-copilot/gpt-4o-mini',
  'huggingface_together/ServiceNow-AI/Apriel-1.6-15b-Thinker',
  'openrouter/gemini-2.5-pro-exp-03-25',
  'openrouter/google/gemini-flash-1.5-8b-exp',
  'openrouter/google/lyria-3-clip-preview',
  'openrouter/google/lyria-3-pro-preview',
];

/**
 * Prices that no whole number of nano-USD per million units can say, by what their rounding up adds to the
 * cost of a unit at most: less than a millionth of a nano-USD.
 */
const ROUNDED: ReadonlyMap<string, readonly UsageClass[]> = new Map([
  ['groq/whisper-large-v3', ['audioInputMilliseconds']],
  ['groq/whisper-large-v3-turbo', ['audioInputMilliseconds']],
  ['x-ai/grok-voice-latest', ['audioMilliseconds', 'audioInputMilliseconds']],
  ['x-ai/grok-voice-think-fast-1.0', ['audioMilliseconds', 'audioInputMilliseconds']],
  ['x-ai/grok-voice-think-fast-2.0', ['audioMilliseconds', 'audioInputMilliseconds']],
  [
    'huggingface_together/Qwen/Qwen3-VL-8B-Instruct',
    // Everything that falls back to the price of input.
    USAGE_CLASS_NAMES,
  ],
  ['openrouter/google/gemini-2.5-flash-image', ['cacheWriteTokens']],
  ['openrouter/google/gemini-2.5-flash-lite', ['cacheWriteTokens']],
  ['openrouter/google/gemini-3-flash-preview', ['cacheWriteTokens']],
  ['openrouter/google/gemini-3.1-flash-lite', ['cacheWriteTokens']],
  ['openrouter/google/gemini-3.5-flash', ['cacheWriteTokens']],
  ['openrouter/~google/gemini-flash-latest', ['cacheWriteTokens']],
]);

/** What the source has in its code and not in its data: Groq charges ten seconds at least. */
const AT_LEAST_TEN_SECONDS = new Set(['groq/whisper-large-v3', 'groq/whisper-large-v3-turbo']);

const USAGES = 1_000;
const SOURCE = (await waitForUpdate()) ?? [];
const ROWS = new Map<string, PriceRow>(
  CATALOGUE.flatMap(({ provider, rows }) =>
    rows.map((row) => [`${provider}/${row.model}`, row] as const),
  ),
);
const MODELS = SOURCE.flatMap(({ id, models }) =>
  (models as readonly SourceModel[]).map((model) => [`${id}/${model.id}`, model] as const),
);

function datedOf({ prices }: SourceModel): readonly SourceDated[] {
  return Array.isArray(prices)
    ? (prices as readonly SourceDated[])
    : [{ prices: prices as SourcePrices }];
}

/** The classes to compare: those that our price covers, but not what only our price covers. */
function comparedClasses(name: string, price: PriceNumbers): readonly UsageClass[] {
  const extended = EXTENDED.get(name) ?? [];
  const prices = Object.fromEntries(
    Object.entries(price.nanoUsdPerMillion).filter(
      ([usageClass]) => !extended.includes(usageClass as UsageClass) || extended === FREE,
    ),
  );
  return USAGE_CLASS_NAMES.filter((usageClass) => {
    // Each call is one request, on both sides, whatever its usage says.
    if (usageClass === 'requests') return false;
    // Video without a price is charged like images here, like text there; no model with such prices takes any.
    const { videoInputTokens, imageInputTokens } = price.nanoUsdPerMillion;
    const isLikeImages = videoInputTokens === undefined && imageInputTokens !== undefined;
    if (isLikeImages && VIDEO.includes(usageClass)) return false;
    return priceOf(prices, usageClass) !== undefined;
  });
}

/** What the source counts for `usage`, where its code does something that its data does not say. */
function countedBySource(name: string, usage: Usage): Usage {
  const { audioInputMilliseconds: length = 0 } = usage;
  if (!AT_LEAST_TEN_SECONDS.has(name) || length === 0) return usage;
  return { ...usage, audioInputMilliseconds: Math.max(length, 10_000) };
}

/** The first usage that is not charged to the nano-USD, rounded up; `undefined` when there is none. */
function firstDifference(
  name: string,
  ours: PriceNumbers,
  theirs: SourcePrices,
): string | undefined {
  const thresholds = (ours.contextTiers ?? []).map(({ aboveInputTokens }) => aboveInputTokens);
  const next = randomUsages(comparedClasses(name, ours), thresholds, seeded(20_261_125));
  const exactCost = exactCostAt(theirs);
  const rounded = ROUNDED.get(name) ?? [];
  for (let index = 0; index < USAGES; index += 1) {
    const usage = next();
    const charged = BigInt(cost(usage, ours)) * PARTS_PER_NANO_USD;
    const excess = charged - exactCost(countedBySource(name, usage));
    // A millionth of a nano-USD for each unit, as the table above says.
    let allowed = 0n;
    for (const unit of rounded) {
      allowed += (BigInt(usage[unit] ?? 0) * PARTS_PER_NANO_USD) / 1_000_000n;
    }
    if (excess < 0n || excess >= PARTS_PER_NANO_USD + allowed) {
      return `${name}: ${JSON.stringify(usage)} differs by ${excess} parts`;
    }
  }
  return undefined;
}

function isFromSource(price: DatedPrice, { constraint }: SourceDated): boolean {
  const fromMs =
    constraint?.start_date === undefined ? undefined : Date.parse(constraint.start_date);
  return (
    price.effectiveFromMs === fromMs &&
    (price.dailyUtc === undefined) === (constraint?.start_time === undefined)
  );
}

describe('the catalogue and its source', () => {
  test('have the same models, but for what is explained here', () => {
    const theirs = new Set<string>(MODELS.map(([name]) => name));
    expect([...ROWS.keys()].filter((name) => !theirs.has(name)).sort()).toEqual(ADDED.toSorted());
    expect([...theirs].filter((name) => !ROWS.has(name)).sort()).toEqual(LEFT_OUT.toSorted());
    expect(MODELS.length).toBeGreaterThan(1_690);
  });

  // Five seconds of work, three quarters of a million usages; more only where other work is in the way.
  test(
    `charge the same for ${USAGES} usages of every model, within the rounding to one nano-USD`,
    { timeout: 180_000 },
    () => {
      const compared = new Map<string, string | undefined>();
      const differences: string[] = [];
      for (const [name, model] of MODELS) {
        const row = ROWS.get(name);
        if (row === undefined) continue;
        datedOf(model).forEach((theirs, index) => {
          const ours = row.prices[index];
          if (ours === undefined || !isFromSource(ours, theirs)) {
            differences.push(`${name}: applies at another time`);
            return;
          }
          const isSpecial =
            EXTENDED.has(name) || ROUNDED.has(name) || AT_LEAST_TEN_SECONDS.has(name);
          const { nanoUsdPerMillion, contextTiers, minimumUnits } = ours;
          const key = JSON.stringify([
            nanoUsdPerMillion,
            contextTiers,
            minimumUnits,
            theirs.prices,
            isSpecial && name,
          ]);
          if (!compared.has(key)) compared.set(key, firstDifference(name, ours, theirs.prices));
          const difference = compared.get(key);
          if (difference !== undefined) differences.push(difference);
        });
      }
      expect(differences).toEqual([]);
      expect(compared.size).toBeGreaterThan(700);
    },
  );

  test('agree on a usage of every model also by the program of the source, found by provider and id', () => {
    const random = seeded(7);
    const differences: string[] = [];
    for (const { provider, rows } of CATALOGUE) {
      for (const row of rows) {
        const name = `${provider}/${row.model}`;
        const id = row.ids[0];
        if (id === undefined || ADDED.includes(name) || EXTENDED.has(name)) continue;
        for (const price of row.prices) {
          if (price.dailyUtc !== undefined || row.prices.some(({ dailyUtc }) => dailyUtc)) continue;
          const usage = randomUsages(comparedClasses(name, price), [], random)();
          const timestamp = new Date(price.effectiveFromMs ?? 0);
          const theirs = calcPrice(sourceUsage(usage), id, { providerId: provider, timestamp });
          // Their sum is a float, whose error grows with it.
          const exact = (theirs?.total_price ?? Number.NaN) * 1e9;
          const error = 0.001 + exact * 1e-14;
          const excess = cost(usage, price) - exact;
          if (!(excess > -error && excess < 1 + error) && !ROUNDED.has(name)) {
            differences.push(`${name}: ${JSON.stringify(usage)} differs by ${excess}`);
          }
        }
      }
    }
    expect(differences).toEqual([]);
  });
});
