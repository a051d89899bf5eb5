/** How the price keys of the source become classes of usage, and its units millions of ours. */
import type { UsageClass } from '../../packages/core/src/pricing/usage-class.ts';

interface PriceKey {
  readonly usageClass: UsageClass;
  /** Nano-USD per million units = USD × numerator / denominator. */
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const NANO_USD_PER_USD = 1_000_000_000n;
const MILLISECONDS_PER_HOUR = 3_600_000n;

/** USD per million tokens or characters. */
function perMillion(usageClass: UsageClass): PriceKey {
  return { usageClass, numerator: NANO_USD_PER_USD, denominator: 1n };
}

/** USD per thousand calls, pages or images. */
function perThousand(usageClass: UsageClass): PriceKey {
  return { usageClass, numerator: NANO_USD_PER_USD * 1000n, denominator: 1n };
}

/** USD per hour, charged by the millisecond. */
function perHour(usageClass: UsageClass): PriceKey {
  return {
    usageClass,
    numerator: NANO_USD_PER_USD * 1_000_000n,
    denominator: MILLISECONDS_PER_HOUR,
  };
}

/** In the order in which the classes are printed. A key that is not here fails the build. */
export const PRICE_KEYS: Readonly<Record<string, PriceKey>> = {
  input_mtok: perMillion('inputTokens'),
  cache_read_mtok: perMillion('cachedInputTokens'),
  cache_write_mtok: perMillion('cacheWriteTokens'),
  cache_write_1h_mtok: perMillion('cacheWriteLongTokens'),
  // Not a key of the source, which has no price for OpenAI's longer cache; used by amendments.
  cache_write_12h_mtok: perMillion('cacheWriteLongTokens'),
  input_image_mtok: perMillion('imageInputTokens'),
  cache_image_read_mtok: perMillion('cachedImageInputTokens'),
  input_audio_mtok: perMillion('audioInputTokens'),
  cache_audio_read_mtok: perMillion('cachedAudioInputTokens'),
  input_video_mtok: perMillion('videoInputTokens'),
  output_mtok: perMillion('outputTokens'),
  output_reasoning_mtok: perMillion('reasoningTokens'),
  output_citation_mtok: perMillion('citationTokens'),
  output_image_mtok: perMillion('imageOutputTokens'),
  output_audio_mtok: perMillion('audioOutputTokens'),
  output_video_mtok: perMillion('videoOutputTokens'),
  input_audio_hours: perHour('audioInputMilliseconds'),
  audio_hours: perHour('audioMilliseconds'),
  // No keys of the source, which has no price for speech by its text or images by the piece; used by amendments.
  input_mcharacters: perMillion('textCharacters'),
  small_images_kcount: perThousand('smallImages'),
  medium_images_kcount: perThousand('mediumImages'),
  images_kcount: perThousand('images'),
  large_images_kcount: perThousand('largeImages'),
  hd_images_kcount: perThousand('hdImages'),
  large_hd_images_kcount: perThousand('largeHdImages'),
  input_document_kpages: perThousand('documentPages'),
  input_annotated_document_kpages: perThousand('annotatedPages'),
  input_text_messages_kcount: perThousand('textMessages'),
  web_searches_kcount: perThousand('webSearchCalls'),
  storage_searches_kcount: perThousand('fileSearchCalls'),
  requests_kcount: perThousand('requests'),
};

/** Keys that only repeat another one where both are given, which the source needs for its own arithmetic. */
export const REPEATED_KEYS: Readonly<Record<string, string>> = {
  audio_hours: 'input_audio_hours',
};
