/** A recorded day as a load: the file that `pnpm demo --trace` takes, whole in memory. */
import { readTrace } from '../../../apps/demo/src/trace/trace-file.ts';
import type { TraceRow } from '../../../apps/demo/src/trace/trace-row.ts';
import type { Trace } from './plan.ts';

/** The calls of `file`. Throws `TraceFileError`, which names the line. */
export async function readTraceFile(file: string): Promise<Trace> {
  const rows: TraceRow[] = [];
  for await (const row of readTrace(file)) rows.push(row);
  return traceOf(rows);
}

/** Columns of `rows`, of which there is at least one. A row before its forerunner counts as at the same time. */
export function traceOf(rows: readonly TraceRow[]): Trace {
  const gaps = rows
    .slice(1)
    .map((row, index) => Math.max(0, row.arrivedAtMs - (rows[index]?.arrivedAtMs ?? 0)));
  const meanMs = gaps.reduce((sum, gapMs) => sum + gapMs, 0) / Math.max(1, gaps.length);
  return {
    // From the last to the first of the next round as from any to its next.
    gapsMs: Float64Array.from([...gaps, meanMs]),
    inputTokens: Uint32Array.from(rows, ({ contextTokens }) => contextTokens),
    outputTokens: Uint32Array.from(rows, ({ generatedTokens }) => generatedTokens),
  };
}
