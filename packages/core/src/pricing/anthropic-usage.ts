/**
 * Anthropic's usage reports, taken apart into disjoint classes.
 *
 * Reads `usage` of the Messages API, of whole messages and of the events of a stream. Cached tokens are
 * reported apart from `input_tokens`, not inside it; what was written to the cache is a total
 * (`cache_creation_input_tokens`) with a breakdown by lifetime (`cache_creation`), and without a breakdown
 * was written for five minutes, which is the default. Thinking is inside `output_tokens`. Source:
 * platform.claude.com, Messages API reference and "Prompt caching", read 2026-11-25.
 *
 * Where breakdown and total contradict each other, the larger number counts, and what the breakdown does
 * not explain was written for the longer time, which costs more.
 */
import type { ServiceTier } from './service-tier.ts';
import {
  NO_READING,
  type Report,
  ReportReader,
  reportOf,
  type UsageReading,
} from './usage-reading.ts';

/** Reads the `usage` field of an Anthropic message. */
export function readAnthropicUsage(usage: unknown): UsageReading {
  const report = reportOf(usage);
  const reader = new ReportReader();
  const input = reader.total(report, 'input_tokens');
  const output = reader.total(report, 'output_tokens');
  if (input === undefined && output === undefined) {
    return { ...NO_READING, problems: reader.problems };
  }
  const read = reader.total(report, 'cache_read_input_tokens') ?? 0;
  const { short, long } = cacheWrites(reader, report);
  const details = reportOf(report['output_tokens_details']);
  const thought = reader.part(details, 'thinking_tokens', 'output_tokens_details.');
  const known = Math.max(output ?? 0, thought);
  if (thought > (output ?? 0)) {
    reader.note('exceeds_total', 'output_tokens_details.thinking_tokens', thought, known);
  }
  const tools = reportOf(report['server_tool_use']);
  return reader.reading(
    {
      inputTokens: input ?? 0,
      cachedInputTokens: read,
      cacheWriteTokens: short,
      cacheWriteLongTokens: long,
      outputTokens: known - thought,
      reasoningTokens: thought,
      webSearchCalls: reader.part(tools, 'web_search_requests', 'server_tool_use.'),
    },
    serviceTierOf(report),
  );
}

/**
 * The usage report of a stream after one more of its events: the counts of `message_start`, with those that
 * `message_delta` repeats, which are totals and not increments, in their place.
 */
export function anthropicUsageAfter(before: Report, event: unknown): Report {
  const { type, message, usage } = reportOf(event);
  const told =
    type === 'message_start' ? reportOf(message)['usage'] : type === 'message_delta' ? usage : {};
  const known = Object.entries(reportOf(told)).filter(([, value]) => value !== null);
  return { ...before, ...Object.fromEntries(known) };
}

function cacheWrites(
  reader: ReportReader,
  report: Report,
): { readonly short: number; readonly long: number } {
  const total = reader.total(report, 'cache_creation_input_tokens') ?? 0;
  const creation = report['cache_creation'];
  if (typeof creation !== 'object' || creation === null) return { short: total, long: 0 };
  const parts = reportOf(creation);
  const short = reader.part(parts, 'ephemeral_5m_input_tokens', 'cache_creation.');
  const long = reader.part(parts, 'ephemeral_1h_input_tokens', 'cache_creation.');
  const unexplained = total - short - long;
  if (unexplained < 0) {
    reader.note('exceeds_total', 'cache_creation', short + long, short + long);
    return { short, long };
  }
  if (unexplained > 0) {
    reader.note('missing_from_parts', 'cache_creation_input_tokens', total, long + unexplained);
  }
  return { short, long: long + unexplained };
}

/** Capacity that was paid for in advance (`priority` here) counts as standard; fast mode has a price of its own. */
function serviceTierOf({ service_tier: name, speed }: Report): ServiceTier | undefined {
  if (speed === 'fast') return 'priority';
  if (typeof name !== 'string') return undefined;
  return SERVICE_TIERS.get(name.toLowerCase()) ?? 'other';
}

const SERVICE_TIERS: ReadonlyMap<string, ServiceTier> = new Map([
  ['standard', 'standard'],
  ['standard_only', 'standard'],
  ['auto', 'standard'],
  ['priority', 'standard'],
  ['batch', 'batch'],
]);
