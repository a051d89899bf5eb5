/**
 * Looking a whole trace over before the first call: that every line can be read, and what is to come out.
 *
 * A broken line is found before anything was spent, and the progress bar knows its end.
 */
import { callCost } from '../money/call-cost.ts';
import type { ModelPrice } from '../money/model-prices.ts';
import type { TraceRow } from './trace-row.ts';

/** What a trace holds. */
export interface TraceSurvey {
  readonly calls: number;
  readonly contextTokens: number;
  readonly generatedTokens: number;
  /** From the first arrival to the last, in milliseconds. */
  readonly durationMs: number;
  /** What all calls together must cost. */
  readonly costNanoUsd: bigint;
}

/** Sums up `rows`, priced at `price`. Throws what reading them throws. */
export async function surveyTrace(
  rows: AsyncIterable<TraceRow>,
  price: ModelPrice,
): Promise<TraceSurvey> {
  let calls = 0;
  let contextTokens = 0;
  let generatedTokens = 0;
  let costNanoUsd = 0n;
  let firstMs = Infinity;
  let lastMs = -Infinity;
  for await (const row of rows) {
    calls += 1;
    contextTokens += row.contextTokens;
    generatedTokens += row.generatedTokens;
    costNanoUsd += traceRowCost(row, price);
    firstMs = Math.min(firstMs, row.arrivedAtMs);
    lastMs = Math.max(lastMs, row.arrivedAtMs);
  }
  const durationMs = calls === 0 ? 0 : lastMs - firstMs;
  return { calls, contextTokens, generatedTokens, durationMs, costNanoUsd };
}

/** What the call of one row must cost, in nano-USD. */
export function traceRowCost(row: TraceRow, price: ModelPrice): bigint {
  return callCost({ inputTokens: row.contextTokens, outputTokens: row.generatedTokens }, price);
}
