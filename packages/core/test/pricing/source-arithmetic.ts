/**
 * The arithmetic of `@pydantic/genai-prices`, restated without floats: what its data says a call costs, as an
 * exact fraction made from the decimals that are written there.
 *
 * Its usage is inclusive: `input_tokens` contains the cached ones, which contain the cached audio. A unit with
 * a price is charged for what no more particular unit with a price takes from it.
 */
import type { UsageClass } from '../../src/pricing/usage-class.ts';
import type { Usage } from '../../src/pricing/usage.ts';

type Dimensions = Readonly<Record<string, string>>;

/** What the units of the source, and our classes, are units of. */
const TOKENS_IN = { family: 'tokens', direction: 'input' };
const TOKENS_OUT = { family: 'tokens', direction: 'output' };
const CACHED = { ...TOKENS_IN, cache: 'read' };

const CLASSES: Readonly<Record<UsageClass, Dimensions>> = {
  inputTokens: { ...TOKENS_IN, modality: 'text' },
  cachedInputTokens: { ...CACHED, modality: 'text' },
  cacheWriteTokens: { ...TOKENS_IN, cache: 'write', ttl: '5m' },
  cacheWriteLongTokens: { ...TOKENS_IN, cache: 'write', ttl: '1h' },
  imageInputTokens: { ...TOKENS_IN, modality: 'image' },
  cachedImageInputTokens: { ...CACHED, modality: 'image' },
  audioInputTokens: { ...TOKENS_IN, modality: 'audio' },
  cachedAudioInputTokens: { ...CACHED, modality: 'audio' },
  videoInputTokens: { ...TOKENS_IN, modality: 'video' },
  cachedVideoInputTokens: { ...CACHED, modality: 'video' },
  outputTokens: { ...TOKENS_OUT, modality: 'text' },
  reasoningTokens: { ...TOKENS_OUT, kind: 'reasoning' },
  citationTokens: { ...TOKENS_OUT, kind: 'citation' },
  imageOutputTokens: { ...TOKENS_OUT, modality: 'image' },
  audioOutputTokens: { ...TOKENS_OUT, modality: 'audio' },
  videoOutputTokens: { ...TOKENS_OUT, modality: 'video' },
  audioInputMilliseconds: { family: 'durations', direction: 'input' },
  audioMilliseconds: { family: 'durations' },
  // The source has nothing that is charged by these.
  textCharacters: { family: 'characters' },
  smallImages: { family: 'images', size: 'small' },
  mediumImages: { family: 'images', size: 'medium' },
  images: { family: 'images', size: 'usual' },
  largeImages: { family: 'images', size: 'large' },
  hdImages: { family: 'images', size: 'usual', quality: 'hd' },
  largeHdImages: { family: 'images', size: 'large', quality: 'hd' },
  documentPages: { family: 'pages', kind: 'plain' },
  annotatedPages: { family: 'pages', kind: 'annotated' },
  textMessages: { family: 'messages' },
  webSearchCalls: { family: 'tools', tool: 'web' },
  fileSearchCalls: { family: 'tools', tool: 'storage' },
  requests: { family: 'requests' },
};

interface Unit {
  readonly dimensions: Dimensions;
  /** Of our units, so milliseconds where the source has seconds. */
  readonly per: bigint;
  /** The name of the count in the source's own usage. */
  readonly usageKey: string;
}

const unit = (usageKey: string, dimensions: Dimensions, per: number): Unit => ({
  dimensions,
  per: BigInt(per),
  usageKey,
});
const MILLION = 1_000_000;
const HOUR_MS = 3_600_000;

/** The units of the source, by the name of their price. */
export const UNITS: Readonly<Record<string, Unit>> = {
  input_mtok: unit('input_tokens', TOKENS_IN, MILLION),
  cache_read_mtok: unit('cache_read_tokens', CACHED, MILLION),
  cache_write_mtok: unit('cache_write_tokens', { ...TOKENS_IN, cache: 'write' }, MILLION),
  cache_write_1h_mtok: unit('cache_write_1h_tokens', CLASSES.cacheWriteLongTokens, MILLION),
  input_image_mtok: unit('input_image_tokens', CLASSES.imageInputTokens, MILLION),
  cache_image_read_mtok: unit('cache_image_read_tokens', CLASSES.cachedImageInputTokens, MILLION),
  input_audio_mtok: unit('input_audio_tokens', CLASSES.audioInputTokens, MILLION),
  cache_audio_read_mtok: unit('cache_audio_read_tokens', CLASSES.cachedAudioInputTokens, MILLION),
  input_video_mtok: unit('input_video_tokens', CLASSES.videoInputTokens, MILLION),
  output_mtok: unit('output_tokens', TOKENS_OUT, MILLION),
  output_reasoning_mtok: unit('output_reasoning_tokens', CLASSES.reasoningTokens, MILLION),
  output_citation_mtok: unit('output_citation_tokens', CLASSES.citationTokens, MILLION),
  output_image_mtok: unit('output_image_tokens', CLASSES.imageOutputTokens, MILLION),
  output_audio_mtok: unit('output_audio_tokens', CLASSES.audioOutputTokens, MILLION),
  output_video_mtok: unit('output_video_tokens', CLASSES.videoOutputTokens, MILLION),
  audio_hours: unit('audio_seconds', { family: 'durations' }, HOUR_MS),
  input_audio_hours: unit('input_audio_seconds', CLASSES.audioInputMilliseconds, HOUR_MS),
  input_document_kpages: unit('input_document_pages', { family: 'pages' }, 1_000),
  input_annotated_document_kpages: unit(
    'input_annotated_document_pages',
    CLASSES.annotatedPages,
    1_000,
  ),
  input_text_messages_kcount: unit('input_text_messages', { family: 'messages' }, 1_000),
  web_searches_kcount: unit('web_searches', CLASSES.webSearchCalls, 1_000),
  storage_searches_kcount: unit('storage_searches', CLASSES.fileSearchCalls, 1_000),
  requests_kcount: unit('requests', { family: 'requests' }, 1_000),
};

/** Prices of the source, as in its data. */
export type SourcePrices = Readonly<
  Record<
    string,
    | number
    | undefined
    | {
        readonly base: number;
        readonly tiers: readonly { readonly start: number; readonly price: number }[];
      }
  >
>;

/** Costs are multiples of this part of a nano-USD: 18 decimals of a price, per hour, thousand or million. */
export const PARTS_PER_NANO_USD = 18_000_000n * 10n ** 9n;
const DECIMALS = 18;
const PARTS_PER_UNIT = 18_000_000n;

interface PricedUnit {
  readonly classes: readonly UsageClass[];
  /** Indexes of the more particular units. */
  readonly within: readonly number[];
  readonly price: SourcePrices[string];
  readonly per: bigint;
}

/** The cost of any usage at `prices`, in parts of a nano-USD. */
export function exactCostAt(prices: SourcePrices): (usage: Usage) => bigint {
  const named = Object.entries(prices)
    .map(([key, price]) => {
      const found = UNITS[key];
      if (found === undefined) throw new Error(`unknown unit ${key}`);
      return { ...found, price };
    })
    // The most particular first, so that the others can take off what those were charged for.
    .sort((a, b) => sizeOf(b.dimensions) - sizeOf(a.dimensions));
  const units: readonly PricedUnit[] = named.map((priced, index) => ({
    classes: (Object.keys(CLASSES) as UsageClass[]).filter((name) =>
      isWithin(CLASSES[name], priced.dimensions),
    ),
    within: [...named.keys()].filter(
      (other) => other < index && isWithin(named[other]?.dimensions ?? {}, priced.dimensions),
    ),
    price: priced.price,
    per: priced.per,
  }));
  return (usage) => {
    const inputTokens = countOf(usage, INPUT_CLASSES);
    const charged: number[] = [];
    let parts = 0n;
    for (const { classes, within, price, per } of units) {
      const inclusive = classes.includes('requests') ? 1 : countOf(usage, classes);
      const own = within.reduce((rest, index) => rest - (charged[index] ?? 0), inclusive);
      charged.push(own);
      if (own > 0) {
        parts += BigInt(own) * mantissa(usdAt(price, inputTokens)) * (PARTS_PER_UNIT / per);
      }
    }
    return parts;
  };
}

/** `usage` as the source counts it: inclusive, and in seconds. */
export function sourceUsage(usage: Usage): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { usageKey, dimensions, per } of Object.values(UNITS)) {
    const classes = (Object.keys(CLASSES) as UsageClass[]).filter((name) =>
      isWithin(CLASSES[name], dimensions),
    );
    const count = countOf(usage, classes);
    if (usageKey !== 'requests') counts[usageKey] = per === BigInt(HOUR_MS) ? count / 1000 : count;
  }
  return counts;
}

const INPUT_CLASSES = (Object.keys(CLASSES) as UsageClass[]).filter((name) =>
  isWithin(CLASSES[name], TOKENS_IN),
);

function countOf(usage: Usage, classes: readonly UsageClass[]): number {
  let count = 0;
  for (const name of classes) count += usage[name] ?? 0;
  return count;
}

function usdAt(price: SourcePrices[string], inputTokens: number): number {
  if (typeof price !== 'object') return price ?? 0;
  return price.tiers.findLast(({ start }) => inputTokens > start)?.price ?? price.base;
}

const MANTISSAS = new Map<number, bigint>();

/** The decimal that `usd` is written as, with `DECIMALS` decimals. */
function mantissa(usd: number): bigint {
  const known = MANTISSAS.get(usd);
  if (known !== undefined) return known;
  const [whole = '', decimals = ''] = String(usd).split('.');
  if (!/^[0-9]+$/.test(whole + decimals)) throw new Error(`${usd} is not written as a decimal`);
  const value = BigInt(whole + decimals.padEnd(DECIMALS, '0'));
  MANTISSAS.set(usd, value);
  return value;
}

function sizeOf(dimensions: Dimensions): number {
  return Object.keys(dimensions).length;
}

function isWithin(part: Dimensions, whole: Dimensions): boolean {
  return Object.entries(whole).every(([name, value]) => part[name] === value);
}
