/**
 * What a call to a model is charged for: a closed list of disjoint classes.
 *
 * Disjoint means that no token is in two classes: a cached audio token is a `cachedAudioInputTokens` and
 * nothing else. Providers report overlapping totals instead; the `*-usage.ts` files take them apart.
 *
 * A class without a price of its own is charged like the first of its `fallbacks` that has one. A class
 * never falls back to something cheaper than itself: audio costs up to sixteen times as much as text, and
 * a long cache write more than a short one, so that without a price they are *unpriced*, which is an error
 * and not text. Cached audio falls back to audio, for a discount that is not known is not given.
 */

/** A class of units that a price covers. */
export type UsageClass =
  | 'inputTokens'
  | 'cachedInputTokens'
  | 'cacheWriteTokens'
  | 'cacheWriteLongTokens'
  | 'imageInputTokens'
  | 'cachedImageInputTokens'
  | 'audioInputTokens'
  | 'cachedAudioInputTokens'
  | 'videoInputTokens'
  | 'cachedVideoInputTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'citationTokens'
  | 'imageOutputTokens'
  | 'audioOutputTokens'
  | 'videoOutputTokens'
  | 'audioInputMilliseconds'
  | 'audioMilliseconds'
  | 'textCharacters'
  | 'smallImages'
  | 'mediumImages'
  | 'images'
  | 'largeImages'
  | 'hdImages'
  | 'largeHdImages'
  | 'documentPages'
  | 'annotatedPages'
  | 'textMessages'
  | 'webSearchCalls'
  | 'fileSearchCalls'
  | 'requests';

interface UsageClassRow {
  /** `input` and `output` classes are tokens and bounded together; `other` ones are counted each for itself. */
  readonly side: 'input' | 'output' | 'other';
  readonly fallbacks: readonly UsageClass[];
}

/** Every class. The order is the order of explanation: input, output, other. */
export const USAGE_CLASSES: { readonly [K in UsageClass]: UsageClassRow } = {
  /** Text that was neither read from a cache nor written to one. */
  inputTokens: { side: 'input', fallbacks: [] },
  /** Text read from the provider's prompt cache. */
  cachedInputTokens: { side: 'input', fallbacks: ['inputTokens'] },
  /** Input written to the cache for the provider's shorter time (OpenAI 30 minutes, Anthropic 5). */
  cacheWriteTokens: { side: 'input', fallbacks: ['inputTokens'] },
  /** Input written to the cache for the longer time (OpenAI 12 hours, Anthropic 1). */
  cacheWriteLongTokens: { side: 'input', fallbacks: [] },
  /** Images. Chat models charge them like text; image models have a price of their own. */
  imageInputTokens: { side: 'input', fallbacks: ['inputTokens'] },
  /** Images read from the cache. Where images cost extra, so do cached ones. */
  cachedImageInputTokens: {
    side: 'input',
    fallbacks: ['imageInputTokens', 'cachedInputTokens', 'inputTokens'],
  },
  audioInputTokens: { side: 'input', fallbacks: [] },
  cachedAudioInputTokens: { side: 'input', fallbacks: ['audioInputTokens'] },
  /** Video, charged like the images that it is made of unless it has a price of its own. */
  videoInputTokens: { side: 'input', fallbacks: ['imageInputTokens', 'inputTokens'] },
  /** Video read from the cache. Where video costs extra, so does cached video. */
  cachedVideoInputTokens: {
    side: 'input',
    fallbacks: ['videoInputTokens', 'imageInputTokens', 'cachedInputTokens', 'inputTokens'],
  },
  /** Text, and whatever the provider does not report apart. */
  outputTokens: { side: 'output', fallbacks: [] },
  /** Reasoning that the caller never sees. */
  reasoningTokens: { side: 'output', fallbacks: ['outputTokens'] },
  /** Text quoted from sources, where the provider counts it apart. */
  citationTokens: { side: 'output', fallbacks: ['outputTokens'] },
  /** Generated images. Image models without a price for them list it as their output price. */
  imageOutputTokens: { side: 'output', fallbacks: ['outputTokens'] },
  audioOutputTokens: { side: 'output', fallbacks: [] },
  videoOutputTokens: { side: 'output', fallbacks: [] },
  /** Audio to be transcribed, charged by its length. */
  audioInputMilliseconds: { side: 'other', fallbacks: ['audioMilliseconds'] },
  /** A spoken conversation, charged by its length, whoever speaks. */
  audioMilliseconds: { side: 'other', fallbacks: [] },
  /** Text to be spoken, charged by its characters: Unicode code points. */
  textCharacters: { side: 'other', fallbacks: [] },
  /** Images that are made, charged by the piece: up to 256 × 256 pixels, */
  smallImages: { side: 'other', fallbacks: ['mediumImages', 'images'] },
  /** up to 512 × 512, */
  mediumImages: { side: 'other', fallbacks: ['images'] },
  /** up to 1024 × 1024, */
  images: { side: 'other', fallbacks: [] },
  /** and larger ones. */
  largeImages: { side: 'other', fallbacks: [] },
  /** The same in the quality `hd`: up to 1024 × 1024 pixels, and larger ones. */
  hdImages: { side: 'other', fallbacks: [] },
  largeHdImages: { side: 'other', fallbacks: [] },
  /** Pages of a document to be read. */
  documentPages: { side: 'other', fallbacks: [] },
  /** Pages of a document to be read and annotated. */
  annotatedPages: { side: 'other', fallbacks: [] },
  /** Text messages in a spoken conversation. */
  textMessages: { side: 'other', fallbacks: [] },
  /** Calls of the provider's hosted web search. */
  webSearchCalls: { side: 'other', fallbacks: [] },
  /** Calls of the provider's hosted file search. */
  fileSearchCalls: { side: 'other', fallbacks: [] },
  /** The call itself, where the provider charges for it. A usage that does not say is one (see `cost.ts`). */
  requests: { side: 'other', fallbacks: [] },
};

/** A number for each of some classes. */
export type ByClass = { readonly [K in UsageClass]?: number };

/** The names of all classes, in order. */
export const USAGE_CLASS_NAMES: readonly UsageClass[] = Object.keys(
  USAGE_CLASSES,
) as readonly UsageClass[];

/** The classes that a call with text in and text out can be charged in, short cache writes included. */
export const TEXT_CLASSES: readonly UsageClass[] = [
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
];

/** A class of units that are no tokens: each is counted for itself. */
export type OtherClass = Exclude<UsageClass, `${string}Tokens`>;

/** Those classes, in order. */
export const OTHER_CLASSES: readonly OtherClass[] = USAGE_CLASS_NAMES.filter(
  (name): name is OtherClass => USAGE_CLASSES[name].side === 'other',
);

/** Whether `name` is a class. */
export function isUsageClass(name: string): name is UsageClass {
  return Object.hasOwn(USAGE_CLASSES, name);
}
