/**
 * OpenAI's usage reports, taken apart into disjoint classes.
 *
 * Reads every shape of `usage` that openai 7.57 declares: chat and legacy completions and embeddings
 * (`prompt_tokens`), responses and images (`input_tokens_details`), realtime and transcriptions
 * (`input_token_details`, or seconds). Source: `resources/*.d.ts` of openai 7.57.0, read 2026-11-23.
 *
 * Details are parts of the totals and never added to them, and modality and caching overlap: a cached token
 * is also a text, image or audio token. Where the report does not say how they overlap, it is read so that
 * nothing is undercharged: cache discounts go to text first, where they save least. Where details
 * contradict their total, the larger number counts and no discount is given.
 *
 * Prediction tokens, accepted or rejected, are ordinary output. Hosted tools: `openai-tool-usage.ts`.
 */
import type { UsageClass } from './usage-class.ts';
import { UNITS_MAX, type Usage } from './usage.ts';

type Report = Readonly<Record<string, unknown>>;
type Counts = { [K in UsageClass]?: number };

/**
 * The usage in the `usage` field of an OpenAI response, or `undefined` when there is none: then the call
 * has to be settled by estimate. `undetailedOutput` is the class of output that the report does not
 * break down: `imageOutputTokens` for the images endpoints, whose breakdown is optional.
 */
export function usageFromOpenAi(
  usage: unknown,
  undetailedOutput: 'outputTokens' | 'imageOutputTokens' = 'outputTokens',
): Usage | undefined {
  const report = reportOf(usage);
  if (report['type'] === 'duration') return audioDuration(report['seconds']);
  const prompt = countOf(report['prompt_tokens']) ?? countOf(report['input_tokens']);
  const completion = countOf(report['completion_tokens']) ?? countOf(report['output_tokens']);
  if (prompt === undefined && completion === undefined) return undefined;

  const input = inputClasses(
    prompt ?? 0,
    reportOf(
      report['prompt_tokens_details'] ??
        report['input_tokens_details'] ??
        report['input_token_details'],
    ),
  );
  const output = outputClasses(
    completion ?? 0,
    reportOf(
      report['completion_tokens_details'] ??
        report['output_tokens_details'] ??
        report['output_token_details'],
    ),
    undetailedOutput,
  );
  const counts: Counts = { ...input, ...output };

  // Some compatible servers leave reasoning out of the output and count it in the total only.
  const counted = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const missing = (countOf(report['total_tokens']) ?? 0) - counted;
  if (missing > 0) counts.outputTokens = (counts.outputTokens ?? 0) + missing;
  return withoutZeros(counts);
}

function inputClasses(prompt: number, details: Report): Counts {
  const audio = detail(details, 'audio_tokens');
  const image = detail(details, 'image_tokens');
  let cached = detail(details, 'cached_tokens');
  const ttl = reportOf(details['cache_write_tokens_details']);
  const writtenLong = detail(ttl, 'ttl_12h_tokens');
  const written = Math.max(
    detail(details, 'cache_write_tokens'),
    writtenLong + detail(ttl, 'ttl_30m_tokens'),
  );
  const known = Math.max(prompt, audio + image + detail(details, 'text_tokens'));
  const total = Math.max(known, cached + written);
  // What was read from the cache and what was written to it cannot be more than there was.
  if (cached + written > known) cached = 0;

  const text = total - audio - image;
  const read = reportOf(details['cached_tokens_details']);
  const takeCached = takerOf(cached);
  let cachedText = takeCached(Math.min(text, detail(read, 'text_tokens')));
  let cachedImage = takeCached(Math.min(image, detail(read, 'image_tokens')));
  let cachedAudio = takeCached(Math.min(audio, detail(read, 'audio_tokens')));
  cachedText += takeCached(text - cachedText);
  cachedImage += takeCached(image - cachedImage);
  cachedAudio += takeCached(audio - cachedAudio);

  // Audio costs more than any cache write, so it stays audio.
  const takeWritten = takerOf(written);
  const writtenText = takeWritten(text - cachedText);
  const writtenImage = takeWritten(image - cachedImage);
  const long = Math.min(writtenLong, writtenText + writtenImage);
  return {
    inputTokens: text - cachedText - writtenText,
    cachedInputTokens: cachedText,
    cacheWriteTokens: writtenText + writtenImage - long,
    cacheWriteLongTokens: long,
    imageInputTokens: image - cachedImage - writtenImage,
    cachedImageInputTokens: cachedImage,
    audioInputTokens: audio - cachedAudio,
    cachedAudioInputTokens: cachedAudio,
  };
}

function outputClasses(
  completion: number,
  details: Report,
  undetailed: 'outputTokens' | 'imageOutputTokens',
): Counts {
  const reasoning = detail(details, 'reasoning_tokens');
  const audio = detail(details, 'audio_tokens');
  const image = detail(details, 'image_tokens');
  const text = detail(details, 'text_tokens');
  // Reasoning is text to some endpoints and apart from text to others; either way it is in the total.
  const total = Math.max(completion, audio + image + Math.max(reasoning, text));
  const rest = total - reasoning - audio - image;
  const restClass = image + text > 0 ? 'outputTokens' : undetailed;
  const counts: Counts = {
    reasoningTokens: reasoning,
    audioOutputTokens: audio,
    imageOutputTokens: image,
  };
  counts[restClass] = (counts[restClass] ?? 0) + rest;
  return counts;
}

function audioDuration(seconds: unknown): Usage | undefined {
  // By way of whole microseconds, for 1.1 × 1000 is a little more than 1100 in floating point.
  const milliseconds = countOf(
    typeof seconds === 'number' ? Math.round(seconds * 1_000_000) / 1000 : undefined,
  );
  return milliseconds === undefined
    ? undefined
    : withoutZeros({ audioInputMilliseconds: milliseconds });
}

/** Hands out at most `available` in total: each call gets what it wants, or what is left. */
function takerOf(available: number): (wanted: number) => number {
  let left = available;
  return (wanted) => {
    const taken = Math.min(wanted, left);
    left -= taken;
    return taken;
  };
}

function detail(report: Report, name: string): number {
  return countOf(report[name]) ?? 0;
}

/** A count of units, rounded up; `undefined` for anything that cannot be one. */
function countOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value >= 0) || value > UNITS_MAX) return undefined;
  return Math.ceil(value);
}

function reportOf(value: unknown): Report {
  return typeof value === 'object' && value !== null ? (value as Report) : {};
}

function withoutZeros(counts: Counts): Usage {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)) as Usage;
}
