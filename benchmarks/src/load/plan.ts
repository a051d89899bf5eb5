/** What a load run does: phases one after the other, each with a rate of arrivals and perhaps a fault. Plain data. */

/** Something that goes wrong for as long as a phase lasts. */
export type Fault =
  | { readonly kind: 'redis-away' }
  | { readonly kind: 'postgres-away' }
  | { readonly kind: 'delay'; readonly link: Link; readonly roundTripMs: number }
  /** Replies are swallowed for the first half of the phase, and connections then reset. */
  | { readonly kind: 'loss'; readonly link: Link };

/** A connection of the server that faults can be put into. */
export type Link = 'redis' | 'postgres';

/** A stretch of time under one rate. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Calls that arrive in a second, on average. */
  readonly perSecond: number;
  readonly fault?: Fault;
  /** Whether its calls are what a disturbance is measured by: a fault, or a burst. */
  readonly isDisturbed?: boolean;
}

/** Who calls, and for what. */
export interface Population {
  readonly users: number;
  /** Exponent of Zipf's law: user number k calls in proportion to 1 / k^s. 0: all alike. */
  readonly zipf: number;
  /** Whether limits are such that the most active users run out in the middle of the run. */
  readonly runsOut: boolean;
  /** Calls of a recorded day, in order, which take the place of random ones; made as fast as the phase says. */
  readonly trace?: Trace;
}

/** A recorded day, as columns. */
export interface Trace {
  /** Milliseconds from each arrival to the next; the last one's goes to the first of the next round. */
  readonly gapsMs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
}

/** Two systems under the same arrivals, one after the other. */
export interface LoadPlan {
  /** `normal-1000`: the name of its plot, and of its object in the JSON. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly phases: readonly Phase[];
  readonly population: Population;
  readonly seed: number;
  /** PostgreSQL connections of the system beside ours. */
  readonly directPool: number;
  /** Whether our SDK calls over a WebSocket, and not in batches over HTTP. */
  readonly isOverSocket?: boolean;
  /** Whether it is about a level of traffic: a point of a curve, with no plot of its own. */
  readonly isLevel?: boolean;
}

/** When each phase begins, in milliseconds from the start, and at last when the run ends. */
export function boundariesOf(phases: readonly Phase[]): readonly number[] {
  const starts = [0];
  for (const { seconds } of phases) starts.push((starts.at(-1) ?? 0) + seconds * 1_000);
  return starts;
}

/** Which phase an instant of the run is in: its index. */
export function phaseAt(boundaries: readonly number[], atMs: number): number {
  const next = boundaries.findIndex((startsMs) => startsMs > atMs);
  return (next < 0 ? boundaries.length - 1 : next) - 1;
}
