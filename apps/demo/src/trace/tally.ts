/** What came out of the calls of a trace so far: counts, durations, and answers that were not as asked for. */
import type { TraceRow } from './trace-row.ts';

/** Calls that may fail before a replay is given up. */
const FAILURES_MAX = 20;

/** Token counts as the provider reports them. */
export interface ReportedUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** Counts, growing. */
export class Tally {
  answered = 0;
  denied = 0;
  failed = 0;
  /** Answers whose usage is not the trace's; then the trace cannot tell what the calls must cost. */
  misreported = 0;
  /** What the answered calls must cost by the trace, nano-USD. */
  expectedNanoUsd = 0n;
  readonly #callsMs: number[] = [];

  /** Calls that are over, however they ended. */
  get ended(): number {
    return this.answered + this.denied + this.failed;
  }

  /** Notes an answer to the call of `row`. */
  answer(
    row: TraceRow,
    answer: { usage: ReportedUsage | undefined; ms: number; costNanoUsd: bigint },
  ) {
    this.answered += 1;
    this.expectedNanoUsd += answer.costNanoUsd;
    this.#callsMs.push(answer.ms);
    const isAsAsked =
      answer.usage?.prompt_tokens === row.contextTokens &&
      answer.usage.completion_tokens === row.generatedTokens;
    if (!isAsAsked) this.misreported += 1;
  }

  /** Notes a failure. Throws it when there were too many: then nothing works, and waiting does not help. */
  fail(error: unknown): void {
    this.failed += 1;
    if (this.failed >= FAILURES_MAX) throw error;
  }

  /** The duration that `share` (0 to 1) of the answered calls did not exceed, in milliseconds. */
  quantileMs(share: number): number {
    const sorted = Float64Array.from(this.#callsMs).sort();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  }
}
