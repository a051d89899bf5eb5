/**
 * Usage as most others report it, taken apart into disjoint classes.
 *
 * Totals contain their parts: `inputTokens` what was read from the cache and written to it, `outputTokens`
 * the reasoning. Names may be in camel case or with underscores, and the older `prompt` and `completion`
 * stand for input and output; so this is what AI SDKs and gateways hand on, and not Bursar's own `Usage`,
 * whose classes are disjoint already.
 */
import {
  NO_READING,
  type Report,
  ReportReader,
  reportOf,
  type UsageReading,
} from './usage-reading.ts';

/** Names of a number, in the order in which they are tried. */
const NAMES = {
  input: ['inputTokens', 'input_tokens', 'promptTokens', 'prompt_tokens'],
  output: ['outputTokens', 'output_tokens', 'completionTokens', 'completion_tokens'],
  cached: ['cachedInputTokens', 'cached_input_tokens', 'cachedTokens', 'cached_tokens'],
  written: ['cacheWriteTokens', 'cache_write_tokens'],
  reasoning: ['reasoningTokens', 'reasoning_tokens'],
  total: ['totalTokens', 'total_tokens'],
} as const;

/** Reads a usage report of the common shape. */
export function readGenericUsage(usage: unknown): UsageReading {
  const report = reportOf(usage);
  const reader = new ReportReader();
  const input = reader.total(report, nameIn(report, 'input'));
  const output = reader.total(report, nameIn(report, 'output'));
  if (input === undefined && output === undefined) {
    return { ...NO_READING, problems: reader.problems };
  }
  const part = (number: keyof typeof NAMES): number => reader.part(report, nameIn(report, number));
  const inside = inputParts(reader, report, input ?? 0);
  const reasoning = part('reasoning');
  const known = Math.max(output ?? 0, reasoning);
  if (reasoning > (output ?? 0)) {
    reader.note('exceeds_total', nameIn(report, 'reasoning'), reasoning, known);
  }
  const total = part('total');
  const missing = Math.max(total - inside.total - known, 0);
  if (missing > 0) {
    reader.note('missing_from_parts', nameIn(report, 'total'), total, known + missing);
  }
  return reader.reading(
    {
      inputTokens: inside.total - inside.cached - inside.written,
      cachedInputTokens: inside.cached,
      cacheWriteTokens: inside.written,
      outputTokens: known - reasoning + missing,
      reasoningTokens: reasoning,
    },
    undefined,
  );
}

function inputParts(
  reader: ReportReader,
  report: Report,
  input: number,
): { readonly total: number; readonly cached: number; readonly written: number } {
  const cachedName = nameIn(report, 'cached');
  const cached = reader.part(report, cachedName);
  const written = reader.part(report, nameIn(report, 'written'));
  if (cached + written <= input) return { total: input, cached, written };
  // No discount for what cannot have been: everything that is known of counts, as plain as it can be.
  reader.note('exceeds_total', cachedName, cached, 0);
  return { total: cached + written, cached: 0, written };
}

/** The name under which `report` has the number; the first one when it has none. */
function nameIn(report: Report, number: keyof typeof NAMES): string {
  const names: readonly string[] = NAMES[number];
  return (
    names.find((name) => report[name] !== undefined && report[name] !== null) ?? names[0] ?? ''
  );
}
