/** What a run came to, from what was seen of it: figures of phases, slices of time, recovery. Pure. */
import { quantile } from '../harness/figures.ts';
import { type CallLogColumns, outcomeOf, waitedMs } from './call-log.ts';
import { boundariesOf, type LoadPlan, phaseAt } from './plan.ts';
import type { PlannedCall, Workload } from './workload.ts';

/** How long calls waited, in milliseconds; `undefined` where none was answered. */
export interface Waits {
  readonly mean: number | undefined;
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** Calls that were due in one phase, or in all. */
export interface Figures {
  readonly calls: number;
  readonly offeredPerSecond: number;
  /** Calls that ended in that time, whenever they were due. */
  readonly answeredPerSecond: number;
  /** For decision and booking together, from when a call was due. */
  readonly waits: Waits;
  /** For the decision alone. */
  readonly decideP99Ms: number | undefined;
  /** Calls by reason. */
  readonly denied: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Decided calls by who decided. */
  readonly decidedBy: Readonly<Record<string, number>>;
  /** 99th percentile of how late the generator was, in milliseconds. */
  readonly lateP99Ms: number | undefined;
}

/** A short stretch of the run. */
export interface Slice {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Shares of the calls, 0 to 1. */
  readonly denied: number;
  readonly failed: number;
}

/** What a run came to. */
export interface Analysis {
  readonly all: Figures;
  readonly phases: readonly Figures[];
  readonly slices: readonly Slice[];
  /**
   * From the end of the last disturbance until the p99 of calls was within twice what it was before, in seconds;
   * `null`: not within the run; `undefined`: nothing was disturbed.
   */
  readonly recoverySeconds: number | null | undefined;
}

/** Calls of one slice at the lowest rate, for a percentile to mean something. */
const CALLS_PER_SLICE = 40;
const SLICES_MAX = 120;
const SLICES_MIN = 8;
/** To what multiple of the p99 before it has to come back. */
const RECOVERED_AT = 2;
/** Slices in a row that have to be good. */
const GOOD_SLICES = 3;

/** Analyses one run. */
export function analyse(plan: LoadPlan, workload: Workload, log: CallLogColumns): Analysis {
  const boundaries = boundariesOf(plan.phases);
  const lengthMs = boundaries.at(-1) ?? 0;
  const widthMs = sliceMs(plan);
  const byPhase = plan.phases.map(() => new Stretch());
  const bySlice = Array.from({ length: Math.ceil(lengthMs / widthMs) }, () => new Stretch());
  const all = new Stretch();
  for (const call of workload) {
    const { index, dueMs } = call;
    const stretchesAt = (atMs: number): readonly (Stretch | undefined)[] =>
      atMs < lengthMs
        ? [all, byPhase[phaseAt(boundaries, atMs)], bySlice[Math.floor(atMs / widthMs)]]
        : [];
    for (const stretch of stretchesAt(dueMs)) stretch?.due.push(index);
    const endedMs = endedAtMs(log, call);
    if (endedMs === undefined) continue;
    for (const stretch of stretchesAt(endedMs)) if (stretch !== undefined) stretch.ended += 1;
  }
  const phases = byPhase.map((stretch, phase) =>
    figuresOf(log, stretch, plan.phases[phase]?.seconds ?? 0),
  );
  const slices = bySlice.map((stretch, slice) => {
    const fromMs = slice * widthMs;
    const toMs = Math.min(lengthMs, fromMs + widthMs);
    return sliceOf(log, stretch, { fromMs, toMs });
  });
  return {
    all: figuresOf(log, all, lengthMs / 1_000),
    phases,
    slices,
    recoverySeconds: recovery(plan, phases, slices),
  };
}

/** A stretch of time: the calls that were due in it, and how many were answered in it to the end. */
class Stretch {
  readonly due: number[] = [];
  ended = 0;
}

/** When the last answer to a call came, from the start of the run; `undefined` if it failed. */
function endedAtMs(
  log: CallLogColumns,
  { index, dueMs, modelMs }: PlannedCall,
): number | undefined {
  if (!isAnswered(log, index)) return undefined;
  const isMade = outcomeOf(log, index) !== 'denied';
  return dueMs + waitedMs(log, index) + (isMade ? modelMs : 0);
}

function sliceMs({ phases }: LoadPlan): number {
  const lengthMs = boundariesOf(phases).at(-1) ?? 0;
  const slowest = Math.min(...phases.map(({ perSecond }) => perSecond));
  const wanted = Math.max(lengthMs / SLICES_MAX, (CALLS_PER_SLICE / slowest) * 1_000);
  return Math.min(wanted, lengthMs / SLICES_MIN);
}

function figuresOf(log: CallLogColumns, { due: calls, ended }: Stretch, seconds: number): Figures {
  const waited = calls.map((index) => waitedMs(log, index)).filter(isNumber);
  const decided = calls.map((index) => log.decideMs[index] ?? Number.NaN).filter(isNumber);
  const late = calls.map((index) => log.lateMs[index] ?? Number.NaN).filter(isNumber);
  const sum = waited.reduce((total, ms) => total + ms, 0);
  return {
    calls: calls.length,
    offeredPerSecond: calls.length / seconds,
    answeredPerSecond: ended / seconds,
    waits: {
      mean: waited.length === 0 ? undefined : sum / waited.length,
      p50: quantile(waited, 0.5),
      p95: quantile(waited, 0.95),
      p99: quantile(waited, 0.99),
      max: quantile(waited, 1),
    },
    decideP99Ms: quantile(decided, 0.99),
    denied: tally(calls.filter((index) => outcomeOf(log, index) === 'denied').map(whyIn(log))),
    failed: tally(calls.filter((index) => isFailed(log, index)).map(whyIn(log))),
    decidedBy: tally(
      calls
        .map((index) => log.modes[log.decidedBy[index] ?? 0] ?? '')
        .filter((mode) => mode !== ''),
    ),
    lateP99Ms: quantile(late, 0.99),
  };
}

function sliceOf(
  log: CallLogColumns,
  { due: calls, ended }: Stretch,
  { fromMs, toMs }: Pick<Slice, 'fromMs' | 'toMs'>,
): Slice {
  const waited = calls.map((index) => waitedMs(log, index)).filter(isNumber);
  const seconds = (toMs - fromMs) / 1_000;
  const share = (count: number): number => (calls.length === 0 ? 0 : count / calls.length);
  return {
    fromMs,
    toMs,
    offeredPerSecond: calls.length / seconds,
    answeredPerSecond: ended / seconds,
    p50Ms: quantile(waited, 0.5),
    p99Ms: quantile(waited, 0.99),
    denied: share(calls.filter((index) => outcomeOf(log, index) === 'denied').length),
    failed: share(calls.filter((index) => isFailed(log, index)).length),
  };
}

function recovery(
  { phases }: LoadPlan,
  figures: readonly Figures[],
  slices: readonly Slice[],
): Analysis['recoverySeconds'] {
  const last = phases.findLastIndex(({ isDisturbed = false }) => isDisturbed);
  if (last < 0) return undefined;
  const endsMs = boundariesOf(phases)[last + 1] ?? 0;
  const allowedMs = RECOVERED_AT * (figures[0]?.waits.p99 ?? 0);
  const after = slices.filter(({ fromMs }) => fromMs >= endsMs);
  const isGood = ({ p99Ms, failed }: Slice): boolean =>
    failed === 0 && (p99Ms === undefined || p99Ms <= allowedMs);
  const first = after.findIndex((_, index) =>
    after.slice(index, index + GOOD_SLICES).every(isGood),
  );
  const slice = after[first];
  return slice === undefined ? null : Math.max(0, slice.fromMs - endsMs) / 1_000;
}

function isAnswered(log: CallLogColumns, index: number): boolean {
  return !isFailed(log, index) && outcomeOf(log, index) !== 'pending';
}

function isFailed(log: CallLogColumns, index: number): boolean {
  const outcome = outcomeOf(log, index);
  return outcome === 'reserve-failed' || outcome === 'settle-failed' || outcome === 'unsent';
}

function whyIn(log: CallLogColumns): (index: number) => string {
  return (index) => log.reasons[log.whys[index] ?? 0] ?? '';
}

function isNumber(value: number): boolean {
  return !Number.isNaN(value);
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
