/** How long calls of an open load waited for their decision, as a table for people. */

/** One call. */
export interface WaitingCall {
  /** By `performance.now()`. */
  readonly dueAtMs: number;
  readonly waitedMs: number;
  readonly decision: string;
}

/** One line for each phase; `phases` has the end of each, by name, in order. */
export function waitingTimes(
  calls: readonly WaitingCall[],
  phases: Readonly<Record<string, number>>,
): string {
  let beganMs = Number.NEGATIVE_INFINITY;
  return Object.entries(phases)
    .map(([name, endedMs]) => {
      const own = calls.filter(({ dueAtMs }) => dueAtMs >= beganMs && dueAtMs < endedMs);
      beganMs = endedMs;
      return `  ${name.padEnd(9)} ${lineOf(own)}\n`;
    })
    .join('');
}

function lineOf(calls: readonly WaitingCall[]): string {
  const waited = calls.map(({ waitedMs }) => waitedMs).toSorted((a, b) => a - b);
  const at = (part: number): string =>
    `${(waited[Math.min(waited.length - 1, Math.floor(waited.length * part))] ?? 0).toFixed(0)} ms`;
  const denied = calls.filter(({ decision }) => decision === 'denied').length;
  return `${calls.length} calls, ${denied} denied; p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`;
}
