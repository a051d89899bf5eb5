/**
 * What a benchmark is: candidates that do comparable work, and findings that set them against each other.
 *
 * Every finding is made of numbers of one run, because a machine is never twice the same.
 */
import type { Figures } from './figures.ts';

/** Who may spend CPU time on an operation: this process, a server process beside it, Redis, PostgreSQL. */
export type Spender = 'node' | 'server' | 'redis' | 'postgres';

/** What one round of a candidate came to. */
export interface Sample {
  readonly operations: number;
  /** Until the last operation was answered. */
  readonly elapsedMs: number;
  /** Until everything that the operations had left to do was done too; `elapsedMs` where that is nothing. */
  readonly doneMs: number;
  /** CPU time that the round took until all was done, in microseconds, of everybody who takes part. */
  readonly cpuUs: Readonly<Partial<Record<Spender, number>>>;
  /** How long single operations took, in milliseconds, in any order; empty where that means nothing. */
  readonly latenciesMs: readonly number[];
}

/** One way to do the work, ready to run. */
export interface Runner {
  /** Works for about so long. */
  run(durationMs: number): Promise<Sample>;
  close(): Promise<void>;
}

/** One way to do the work. */
export interface Candidate {
  /** How the table calls it. */
  readonly name: string;
  readonly open: () => Promise<Runner>;
}

/** A number that somebody cares about, beside what it should be. */
export interface Finding {
  readonly name: string;
  readonly value: number;
  /** Without one, the number is only told. */
  readonly goal?: number;
  /** Whether more or less is better. */
  readonly better: 'more' | 'less';
  /** What the number counts; without it, it is a ratio. */
  readonly unit?: string;
  /** Whether it is about time on the clock, of which others on the machine take their part; not of CPU time. */
  readonly isByClock?: boolean;
}

/** What a run of a benchmark comes to, beside its table. */
export interface Verdict {
  readonly findings: readonly Finding[];
  /** A table of its own, in Markdown, for people. */
  readonly table?: string;
  /** What was lost, invented or overspent by us in the run, in nano-USD, where money moved; anything but 0 is a failure. */
  readonly moneyOffNanoUsd?: number;
}

/** A benchmark that has what it needs. */
export interface OpenBench {
  readonly candidates: readonly Candidate[];
  /** Called after the last round, with the stores still open. */
  judge(figures: (name: string) => Figures): Promise<Verdict> | Verdict;
  close(): Promise<void>;
}

/** How much a benchmark does. */
export interface BenchOptions {
  /** As little as shows that it runs. */
  readonly isQuick: boolean;
  /** How many users, where that is what the benchmark is about. */
  readonly users?: number | undefined;
}

/** A question, and how to answer it. */
export interface Bench {
  readonly name: string;
  /** What it answers, as a question. */
  readonly question: string;
  /** What its rows count: `pair of reserve and settle`. */
  readonly operation: string;
  /** Starts what it needs. */
  open(options: BenchOptions): Promise<OpenBench>;
}
