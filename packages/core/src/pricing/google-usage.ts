/**
 * Google's usage reports, taken apart into disjoint classes.
 *
 * Reads `usageMetadata` of generateContent, of whole answers and of the pieces of a stream, on the Gemini API
 * and on Vertex AI, and of the Live API (`responseTokenCount`). `promptTokenCount` contains what came from
 * the cache; thoughts and the prompts of tools stand beside the totals, not inside them. Lists break the
 * totals down by modality. Source: ai.google.dev and docs.cloud.google.com, `UsageMetadata`, read 2026-11-25.
 *
 * Documents are charged as text. Where a list leaves tokens of its total unexplained they are text; where it
 * has more than its total, the larger number counts and no discount is given. Where the report does not say
 * what was cached, the discount goes to text first, where it saves least.
 */
import type { ServiceTier } from './service-tier.ts';
import {
  type Counts,
  itemsOf,
  NO_READING,
  type Report,
  ReportReader,
  reportOf,
  sumOf,
  takerOf,
  type UsageReading,
} from './usage-reading.ts';

type Modality = 'text' | 'image' | 'audio' | 'video';
type ByModality = { [K in Modality]: number };

/** Reads the `usageMetadata` of a Gemini answer; of a stream, that of its last piece. */
export function readGoogleUsage(usageMetadata: unknown): UsageReading {
  const report = reportOf(usageMetadata);
  const reader = new ReportReader();
  const prompt = reader.total(report, 'promptTokenCount');
  const answer =
    reader.total(report, 'candidatesTokenCount') ?? reader.total(report, 'responseTokenCount');
  const thoughts = reader.total(report, 'thoughtsTokenCount') ?? 0;
  const tools = reader.total(report, 'toolUsePromptTokenCount') ?? 0;
  if (prompt === undefined && answer === undefined) {
    return { ...NO_READING, problems: reader.problems };
  }
  const input = inputClasses(reader, report, { prompt: prompt ?? 0, tools });
  const output = byModality(
    reader,
    report,
    report['candidatesTokensDetails'] === undefined
      ? 'responseTokensDetails'
      : 'candidatesTokensDetails',
    answer ?? 0,
  );
  const counts: Counts = {
    ...input,
    outputTokens: output.text,
    imageOutputTokens: output.image,
    audioOutputTokens: output.audio,
    videoOutputTokens: output.video,
    reasoningTokens: thoughts,
  };
  const counted = sumOf(counts);
  const total = reader.part(report, 'totalTokenCount');
  if (total > counted) {
    counts.outputTokens = output.text + total - counted;
    reader.note('missing_from_parts', 'totalTokenCount', total, counts.outputTokens);
  }
  return reader.reading(counts, serviceTierOf(report));
}

/** Searches that a Gemini answer was grounded with; each query is one. */
export function webSearchesOfGoogle(response: unknown): number {
  return itemsOf(reportOf(response)['candidates']).reduce((searches, { groundingMetadata }) => {
    const queries = reportOf(groundingMetadata)['webSearchQueries'];
    return searches + (Array.isArray(queries) ? queries.length : 0);
  }, 0);
}

function inputClasses(
  reader: ReportReader,
  report: Report,
  { prompt, tools }: { readonly prompt: number; readonly tools: number },
): Counts {
  const fromPrompt = byModality(reader, report, 'promptTokensDetails', prompt);
  const fromTools = byModality(reader, report, 'toolUsePromptTokensDetails', tools);
  let cached = reader.part(report, 'cachedContentTokenCount');
  const known = sumOfModalities(fromPrompt);
  if (cached > known) {
    reader.note('exceeds_total', 'cachedContentTokenCount', cached, 0);
    fromPrompt.text += cached - known;
    cached = 0;
  }
  const told = listed(reader, report, 'cacheTokensDetails', cached);
  const take = takerOf(cached);
  const read = {} as ByModality;
  for (const modality of CHEAPEST_FIRST) {
    read[modality] = take(Math.min(told[modality], fromPrompt[modality]));
  }
  for (const modality of CHEAPEST_FIRST) {
    read[modality] += take(fromPrompt[modality] - read[modality]);
  }
  const fresh = (modality: Modality): number =>
    fromPrompt[modality] - read[modality] + fromTools[modality];
  return {
    inputTokens: fresh('text'),
    cachedInputTokens: read.text,
    imageInputTokens: fresh('image'),
    cachedImageInputTokens: read.image,
    audioInputTokens: fresh('audio'),
    cachedAudioInputTokens: read.audio,
    videoInputTokens: fresh('video'),
    cachedVideoInputTokens: read.video,
  };
}

/** In the order of what they cost, where they differ at all. */
const CHEAPEST_FIRST: readonly Modality[] = ['text', 'image', 'video', 'audio'];

const MODALITIES: ReadonlyMap<unknown, Modality> = new Map<unknown, Modality>([
  ['TEXT', 'text'],
  ['DOCUMENT', 'text'],
  ['IMAGE', 'image'],
  ['AUDIO', 'audio'],
  ['VIDEO', 'video'],
]);

/** `total` tokens by modality, as the list `name` says; what it leaves unexplained is text. */
function byModality(reader: ReportReader, report: Report, name: string, total: number): ByModality {
  const counts = listed(reader, report, name, total);
  counts.text += Math.max(total - sumOfModalities(counts), 0);
  return counts;
}

function listed(reader: ReportReader, report: Report, name: string, total: number): ByModality {
  const counts: ByModality = { text: 0, image: 0, audio: 0, video: 0 };
  itemsOf(report[name]).forEach((item, index) => {
    const path = `${name}.${index}.`;
    const known = MODALITIES.get(item['modality']);
    const tokens = reader.part(item, 'tokenCount', path);
    if (known === undefined && tokens > 0) {
      reader.note('unknown_name', `${path}modality`, item['modality'], tokens);
    }
    counts[known ?? 'text'] += tokens;
  });
  const sum = sumOfModalities(counts);
  if (sum > total) reader.note('exceeds_total', name, sum, sum);
  return counts;
}

function sumOfModalities({ text, image, audio, video }: ByModality): number {
  return text + image + audio + video;
}

/** Vertex AI says `trafficType`, the Gemini API `serviceTier`; provisioned throughput was paid in advance. */
function serviceTierOf({ serviceTier, trafficType }: Report): ServiceTier | undefined {
  const name = typeof serviceTier === 'string' ? serviceTier : trafficType;
  if (typeof name !== 'string') return undefined;
  return SERVICE_TIERS.get(name.toUpperCase()) ?? 'other';
}

const SERVICE_TIERS: ReadonlyMap<string, ServiceTier> = new Map([
  ['STANDARD', 'standard'],
  ['SERVICE_TIER_STANDARD', 'standard'],
  ['TRAFFIC_TYPE_UNSPECIFIED', 'standard'],
  ['ON_DEMAND', 'standard'],
  ['PROVISIONED_THROUGHPUT', 'standard'],
  ['BATCH', 'batch'],
  ['FLEX', 'flex'],
  ['ON_DEMAND_FLEX', 'flex'],
  ['PRIORITY', 'priority'],
  ['ON_DEMAND_PRIORITY', 'priority'],
]);
