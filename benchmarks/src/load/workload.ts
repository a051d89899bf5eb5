/**
 * The calls of a run, before it begins: when each is due, who makes it, how many tokens it takes, how it ends.
 *
 * Open loop: arrivals are random (Poisson) at the phase's rate, or spaced as a recorded day's were, and do not
 * wait for answers. The same plan always gives the same calls, so that systems can be compared by them.
 */
import { randomExponential, randomLcg } from 'd3-random';
import { boundariesOf, type LoadPlan, type Trace } from './plan.ts';

/** How a call ends once it was let through. */
export const ENDS = ['settled', 'released', 'cut-off', 'vanished'] as const;
/** `cut-off`: the answer is broken off and what it used is settled. `vanished`: nobody is heard of again. */
export type End = (typeof ENDS)[number];

/** Share of the calls that end so; the others are settled. */
const SHARE = { released: 0.03, 'cut-off': 0.02, vanished: 0.01 };
/** Sizes of random calls, in tokens. */
const INPUT_TOKENS = { min: 200, max: 2_000 };
const OUTPUT_TOKENS_MAX = 500;
/** How long models take, in milliseconds. */
const MODEL_MS = { min: 5, mean: 40, max: 200 };
/** What the output may be at most, to what it is in a trace. */
const OUTPUT_MARGIN = 2;

/** Price of `gpt-4o-mini` in nano-USD a token, written by hand so that it can disagree with the server's. */
const NANO_USD_PER_TOKEN = { input: 150, output: 600 };
/** The model that is called. */
export const MODEL = 'gpt-4o-mini';

/** What the most active user may spend, to what they would. */
const RUNS_OUT_AT = 0.6;
/** More than anybody spends in a run. */
const PLENTY_NANO_USD = 1_000_000_000_000;

/** One call. */
export interface PlannedCall {
  readonly index: number;
  /** From the start of the run. */
  readonly dueMs: number;
  readonly user: number;
  readonly inputTokens: number;
  readonly outputTokensMax: number;
  readonly outputTokens: number;
  readonly modelMs: number;
  readonly end: End;
}

/** The calls of a run, as columns by index. */
export class Workload {
  /** The limit of each user, in nano-USD. */
  readonly limitNanoUsd: number;
  readonly #calls: readonly PlannedCall[];

  constructor(plan: LoadPlan) {
    this.#calls = callsOf(plan);
    this.limitNanoUsd = plan.population.runsOut ? this.#limit() : PLENTY_NANO_USD;
  }

  get size(): number {
    return this.#calls.length;
  }

  /** The call with this index, which must be below `size`. */
  call(index: number): PlannedCall {
    const call = this.#calls[index];
    if (call === undefined) throw new Error(`there is no call ${index}`);
    return call;
  }

  [Symbol.iterator](): Iterator<PlannedCall> {
    return this.#calls[Symbol.iterator]();
  }

  /** A limit that only the most active user reaches, or the two most active. */
  #limit(): number {
    const spend = new Map<number, number>();
    for (const call of this.#calls)
      spend.set(call.user, (spend.get(call.user) ?? 0) + costOf(call));
    return Math.ceil(RUNS_OUT_AT * Math.max(0, ...spend.values()));
  }
}

/** What a call costs if it is made, in nano-USD: what was used until it ended. */
export function costOf({ inputTokens, outputTokens, end }: PlannedCall): number {
  if (end === 'released' || end === 'vanished') return 0;
  const { input, output } = NANO_USD_PER_TOKEN;
  return inputTokens * input + usedOutput({ outputTokens, end }) * output;
}

/** What a call may cost, in nano-USD. */
export function holdOf({ inputTokens, outputTokensMax }: PlannedCall): number {
  return inputTokens * NANO_USD_PER_TOKEN.input + outputTokensMax * NANO_USD_PER_TOKEN.output;
}

/** Output tokens that had come when the call ended. */
export function usedOutput({
  outputTokens,
  end,
}: Pick<PlannedCall, 'outputTokens' | 'end'>): number {
  return end === 'cut-off' ? Math.ceil(outputTokens / 2) : outputTokens;
}

function callsOf({ phases, population, seed }: LoadPlan): readonly PlannedCall[] {
  const random = randomLcg(seed);
  const userOf = zipf(population.users, population.zipf, random);
  const { trace } = population;
  const gap = trace === undefined ? randomExponential.source(random)(1) : gapsOf(trace);
  const modelMs = randomExponential.source(random)(1 / MODEL_MS.mean);
  const boundaries = boundariesOf(phases);
  const calls: PlannedCall[] = [];
  for (const [phase, { perSecond }] of phases.entries()) {
    const endMs = boundaries[phase + 1] ?? 0;
    let dueMs = (boundaries[phase] ?? 0) + (gap() / perSecond) * 1_000;
    for (; dueMs < endMs; dueMs += (gap() / perSecond) * 1_000) {
      const index = calls.length;
      calls.push({
        index,
        dueMs,
        user: userOf(),
        ...(trace === undefined ? sizes(random) : sizesIn(trace, index)),
        modelMs: Math.min(MODEL_MS.max, Math.max(MODEL_MS.min, modelMs())),
        end: endAt(random()),
      });
    }
  }
  return calls;
}

function sizes(
  random: () => number,
): Pick<PlannedCall, 'inputTokens' | 'outputTokensMax' | 'outputTokens'> {
  const between = (min: number, max: number): number =>
    min + Math.floor(random() * (max - min + 1));
  return {
    inputTokens: between(INPUT_TOKENS.min, INPUT_TOKENS.max),
    outputTokensMax: OUTPUT_TOKENS_MAX,
    outputTokens: between(1, OUTPUT_TOKENS_MAX),
  };
}

function sizesIn({ inputTokens, outputTokens }: Trace, index: number): ReturnType<typeof sizes> {
  const row = index % inputTokens.length;
  const output = outputTokens[row] ?? 1;
  return {
    inputTokens: inputTokens[row] ?? 1,
    outputTokensMax: output * OUTPUT_MARGIN,
    outputTokens: output,
  };
}

/** The trace's gaps, round and round, so that their mean is 1. */
function gapsOf({ gapsMs }: Trace): () => number {
  const meanMs = gapsMs.reduce((sum, gapMs) => sum + gapMs, 0) / gapsMs.length;
  let row = 0;
  return () => {
    const gapMs = gapsMs[row % gapsMs.length] ?? 0;
    row += 1;
    return meanMs === 0 ? 1 : gapMs / meanMs;
  };
}

function endAt(share: number): End {
  let below = 0;
  for (const end of ['released', 'cut-off', 'vanished'] as const) {
    below += SHARE[end];
    if (share < below) return end;
  }
  return 'settled';
}

/** Numbers from 0 below `count`, number k as often as 1 / (k + 1)^`exponent` says. */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
