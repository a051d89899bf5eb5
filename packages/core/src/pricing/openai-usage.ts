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
import type { ServiceTier } from './service-tier.ts';
import {
  type Counts,
  NO_READING,
  type Report,
  ReportReader,
  reportOf,
  sumOf,
  takerOf,
  type UsageReading,
  withoutZeros,
} from './usage-reading.ts';
import { UNITS_MAX, type Usage } from './usage.ts';

/** The class of output that a report does not break down. */
export type UndetailedOutput = 'outputTokens' | 'imageOutputTokens';

/** The usage in the `usage` field of an OpenAI response, as `readOpenAiUsage` reads it. */
export function usageFromOpenAi(
  usage: unknown,
  undetailedOutput: UndetailedOutput = 'outputTokens',
): Usage | undefined {
  return readOpenAiUsage(usage, undetailedOutput).usage;
}

/**
 * Reads the `usage` field of an OpenAI response. `undetailedOutput` is the class of output that the report
 * does not break down: `imageOutputTokens` for the images endpoints, whose breakdown is optional. The
 * service tier stands beside `usage`: see `serviceTierOfOpenAi`.
 */
export function readOpenAiUsage(
  usage: unknown,
  undetailedOutput: UndetailedOutput = 'outputTokens',
): UsageReading {
  const report = reportOf(usage);
  if (report['type'] === 'duration') return audioDuration(report['seconds']);
  const reader = new ReportReader();
  const prompt = reader.total(report, 'prompt_tokens') ?? reader.total(report, 'input_tokens');
  const completion =
    reader.total(report, 'completion_tokens') ?? reader.total(report, 'output_tokens');
  if (prompt === undefined && completion === undefined) {
    return { ...NO_READING, problems: reader.problems };
  }
  const input = inputClasses(
    reader,
    prompt ?? 0,
    firstOf(report, ['prompt_tokens_details', 'input_tokens_details', 'input_token_details']),
  );
  const output = outputClasses(
    reader,
    completion ?? 0,
    firstOf(report, ['completion_tokens_details', 'output_tokens_details', 'output_token_details']),
    undetailedOutput,
  );
  const counts: Counts = { ...input, ...output };

  // Some compatible servers leave reasoning out of the output and count it in the total only.
  const counted = sumOf(counts);
  const total = reader.part(report, 'total_tokens');
  if (total > counted) {
    counts.outputTokens = (counts.outputTokens ?? 0) + total - counted;
    reader.note('missing_from_parts', 'total_tokens', total, counts.outputTokens);
  }
  return reader.reading(counts, undefined);
}

/**
 * How an OpenAI response says it was served, by its field `service_tier`; `undefined` when it does not say.
 * What was paid for in advance (`scale`) counts as standard, and `fast` is the newer name of `priority`.
 */
export function serviceTierOfOpenAi(response: unknown): ServiceTier | undefined {
  const name = reportOf(response)['service_tier'];
  if (typeof name !== 'string') return undefined;
  return SERVICE_TIERS_OF_OPENAI.get(name.toLowerCase()) ?? 'other';
}

const SERVICE_TIERS_OF_OPENAI: ReadonlyMap<string, ServiceTier> = new Map([
  ['auto', 'standard'],
  ['default', 'standard'],
  ['standard', 'standard'],
  ['scale', 'standard'],
  ['batch', 'batch'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['fast', 'priority'],
  ['ultrafast', 'ultrafast'],
]);

interface Details {
  readonly report: Report;
  /** Its name with a dot. */
  readonly path: string;
}

function inputClasses(reader: ReportReader, prompt: number, { report, path }: Details): Counts {
  const detail = (name: string): number => reader.part(report, name, path);
  const audio = detail('audio_tokens');
  const image = detail('image_tokens');
  let cached = detail('cached_tokens');
  const ttl = reportOf(report['cache_write_tokens_details']);
  const ttlPath = `${path}cache_write_tokens_details.`;
  const writtenLong = reader.part(ttl, 'ttl_12h_tokens', ttlPath);
  const written = Math.max(
    detail('cache_write_tokens'),
    writtenLong + reader.part(ttl, 'ttl_30m_tokens', ttlPath),
  );
  const parts = audio + image + detail('text_tokens');
  const known = Math.max(prompt, parts);
  if (parts > prompt) reader.note('exceeds_total', path.slice(0, -1), parts, known);
  const total = Math.max(known, cached + written);
  // What was read from the cache and what was written to it cannot be more than there was.
  if (cached + written > known) {
    reader.note('exceeds_total', `${path}cached_tokens`, cached, 0);
    cached = 0;
  }

  const text = total - audio - image;
  const read = reportOf(report['cached_tokens_details']);
  const readPath = `${path}cached_tokens_details.`;
  const takeCached = takerOf(cached);
  let cachedText = takeCached(Math.min(text, reader.part(read, 'text_tokens', readPath)));
  let cachedImage = takeCached(Math.min(image, reader.part(read, 'image_tokens', readPath)));
  let cachedAudio = takeCached(Math.min(audio, reader.part(read, 'audio_tokens', readPath)));
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
  reader: ReportReader,
  completion: number,
  { report, path }: Details,
  undetailed: UndetailedOutput,
): Counts {
  const detail = (name: string): number => reader.part(report, name, path);
  const reasoning = detail('reasoning_tokens');
  const audio = detail('audio_tokens');
  const image = detail('image_tokens');
  const text = detail('text_tokens');
  // Reasoning is text to some endpoints and apart from text to others; either way it is in the total.
  const parts = audio + image + Math.max(reasoning, text);
  const total = Math.max(completion, parts);
  if (parts > completion) reader.note('exceeds_total', path.slice(0, -1), parts, total);
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

function audioDuration(seconds: unknown): UsageReading {
  const reader = new ReportReader();
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds * 1000 > UNITS_MAX) {
    reader.note(
      typeof seconds === 'number' && seconds < 0 ? 'negative' : 'not_a_number',
      'seconds',
      seconds,
      null,
    );
    return { ...NO_READING, problems: reader.problems };
  }
  // By way of whole microseconds, for 1.1 × 1000 is a little more than 1100 in floating point.
  const milliseconds = Math.ceil(Math.round(seconds * 1_000_000) / 1000);
  return { ...NO_READING, usage: withoutZeros({ audioInputMilliseconds: milliseconds }) };
}

function firstOf(report: Report, names: readonly string[]): Details {
  const name = names.find(
    (candidate) => typeof report[candidate] === 'object' && report[candidate] !== null,
  );
  return name === undefined
    ? { report: {}, path: '' }
    : { report: reportOf(report[name]), path: `${name}.` };
}
