/** The end of a replay: what came out, in a table and as JSON. */
import { showNanoUsd } from '../money/nano-usd.ts';
import { count } from '../terminal/count.ts';
import { showDuration } from '../terminal/duration.ts';

/** Lateness that is worth telling, in milliseconds; below it is how timers are. */
const LATE_MS_SHOWN = 100;

/** What came out. */
export interface TraceSummary {
  readonly calls: number;
  /** Settlements that Bursar acknowledged. */
  readonly settled: number;
  readonly denied: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Longest that a call began after its time; 0 without a speed. */
  readonly lateMsMax: number;
  /** What the trace says that the answered calls cost. */
  readonly expectedNanoUsd: bigint;
  /** Sum of the run's ledger entries. */
  readonly ledgerNanoUsd: bigint;
  /** Reservations in the database that have not ended. */
  readonly openReservations: number;
  /** First call to last acknowledgement. */
  readonly seconds: number;
}

/** The ledger's sum less what the trace says. */
export function differenceOf(summary: TraceSummary): bigint {
  return summary.ledgerNanoUsd - summary.expectedNanoUsd;
}

/** The table. */
export function summaryLines(summary: TraceSummary): readonly string[] {
  const { seconds } = summary;
  const rate = count(Math.round(summary.calls / seconds));
  const rows: readonly (readonly [string, string])[] = [
    ['calls', count(summary.calls)],
    ['settled', count(summary.settled)],
    ['denied', count(summary.denied)],
    ...(summary.failed > 0 ? ([['failed', count(summary.failed)]] as const) : []),
    ['p50 / p99 of a call', `${summary.p50Ms.toFixed(1)} ms / ${summary.p99Ms.toFixed(1)} ms`],
    ...(summary.lateMsMax >= LATE_MS_SHOWN
      ? ([['latest start', `${showDuration(summary.lateMsMax)} after its time`]] as const)
      : []),
    ['time', `${showDuration(seconds * 1_000)}, ${rate} calls/s`],
    ['cost by the trace', showNanoUsd(summary.expectedNanoUsd)],
    ['sum of the ledger', showNanoUsd(summary.ledgerNanoUsd)],
    ['difference', showNanoUsd(differenceOf(summary))],
    ['open reservations', count(summary.openReservations)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

/** The same for programs, in one line. Amounts are whole nano-USD. */
export function summaryJson(summary: TraceSummary): string {
  return JSON.stringify({
    calls: summary.calls,
    settled: summary.settled,
    denied: summary.denied,
    ledgerNanoUsd: safeNumber(summary.ledgerNanoUsd),
    differenceNanoUsd: safeNumber(differenceOf(summary)),
    openReservations: summary.openReservations,
    seconds: Number(summary.seconds.toFixed(3)),
  });
}

/** Throws beyond 2^53, where JSON's numbers are no longer whole; that is 9 million USD. */
function safeNumber(nanoUsd: bigint): number {
  const number = Number(nanoUsd);
  if (!Number.isSafeInteger(number)) throw new Error(`${nanoUsd} nano-USD do not fit into JSON`);
  return number;
}
