/** What several rounds of one candidate come to: medians, because a disturbed round must not count. */
import type { Sample, Spender } from './bench.ts';

/** Medians over the rounds. */
export interface Figures {
  readonly rounds: number;
  readonly perSecond: number;
  /** The best round. */
  readonly perSecondBest: number;
  /** With what the operations left to do; `undefined` where that is nothing. */
  readonly donePerSecond: number | undefined;
  /** CPU time of one operation, in microseconds. */
  readonly cpuUs: Readonly<Partial<Record<Spender, number>>>;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** The order of columns. */
export const SPENDERS: readonly Spender[] = ['node', 'server', 'redis', 'postgres'];

/** The figures of `samples`, of which there is at least one. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const rates = samples.map(({ operations, elapsedMs }) => (operations / elapsedMs) * 1_000);
  const leftWork = samples.some(({ elapsedMs, doneMs }) => doneMs > elapsedMs);
  const cpuUs: Partial<Record<Spender, number>> = {};
  for (const spender of SPENDERS) {
    const each = samples.map(({ cpuUs: spent, operations }) => {
      const value = spent[spender];
      return value === undefined ? undefined : value / operations;
    });
    const middle = medianOfKnown(each);
    if (middle !== undefined) cpuUs[spender] = middle;
  }
  return {
    rounds: samples.length,
    perSecond: median(rates),
    perSecondBest: Math.max(...rates),
    donePerSecond: leftWork
      ? median(samples.map(({ operations, doneMs }) => (operations / doneMs) * 1_000))
      : undefined,
    cpuUs,
    p50Ms: medianOfKnown(samples.map(({ latenciesMs }) => quantile(latenciesMs, 0.5))),
    p99Ms: medianOfKnown(samples.map(({ latenciesMs }) => quantile(latenciesMs, 0.99))),
  };
}

/** All the CPU time that one operation takes, wherever it is spent, in microseconds. */
export function allCpuUs({ cpuUs }: Pick<Figures, 'cpuUs'>): number {
  return SPENDERS.reduce((sum, spender) => sum + (cpuUs[spender] ?? 0), 0);
}

/** The value that `part` (0 … 1) of `values` do not exceed. Of none, none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** The middle of `values`, of which there is at least one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper;
  return (upper + lower) / 2;
}

function medianOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
