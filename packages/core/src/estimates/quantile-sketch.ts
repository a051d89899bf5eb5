/**
 * A quantile sketch: how often whole numbers of each size came, in little memory and with a bounded error.
 *
 * A histogram whose buckets grow with what they hold, after DDSketch (Masson, Rim, Lee, "DDSketch: a fast and
 * fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019), in integers alone: a bucket
 * that begins at n ends 2 % above it. Where the paper answers the middle of a bucket, this answers its end, so that a
 * quantile is never too small. Invariant, tested: a quantile is at least the exact one of the same numbers and at
 * most 2 % more, and merging is associative and commutative.
 */
import { UNITS_MAX } from '../pricing/usage.ts';

/** How much larger than its first number the last one of a bucket is at most, in per cent. */
export const SKETCH_ERROR_PERCENT = 2;

/** Counts by bucket. Never changed in place. */
export interface QuantileSketch {
  /** Numbers counted. */
  readonly total: number;
  /** The buckets that have any, ascending. */
  readonly buckets: Uint16Array;
  /** How many are in each of them, 1 or more. */
  readonly counts: Uint32Array;
}

/** The last number of each bucket; the first bucket holds 0 alone. Some 1,000 cover 0 … `UNITS_MAX`. */
const ENDS: readonly number[] = bucketEnds();

/** Most buckets that a sketch can have, whatever it counts. */
export const SKETCH_BUCKETS_MAX: number = ENDS.length;

/** Nothing counted yet. */
export const EMPTY_SKETCH: QuantileSketch = Object.freeze({
  total: 0,
  buckets: new Uint16Array(),
  counts: new Uint32Array(),
});

/** `sketch` with `value`, a whole number from 0; above `UNITS_MAX` it counts as that. */
export function counted(sketch: QuantileSketch, value: number): QuantileSketch {
  const bucket = firstWhere(ENDS.length - 1, (index) => (ENDS[index] ?? 0) >= value);
  return merged(sketch, {
    total: 1,
    buckets: Uint16Array.of(bucket),
    counts: Uint32Array.of(1),
  });
}

/** The numbers of both. */
export function merged(a: QuantileSketch, b: QuantileSketch): QuantileSketch {
  const buckets: number[] = [];
  const counts: number[] = [];
  for (let i = 0, j = 0; i < a.buckets.length || j < b.buckets.length;) {
    const left = a.buckets[i] ?? Infinity;
    const right = b.buckets[j] ?? Infinity;
    buckets.push(Math.min(left, right));
    counts.push(
      (left <= right ? (a.counts[i] ?? 0) : 0) + (right <= left ? (b.counts[j] ?? 0) : 0),
    );
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  return {
    total: a.total + b.total,
    buckets: Uint16Array.from(buckets),
    counts: Uint32Array.from(counts),
  };
}

/**
 * Every second number of `sketch` in order of size, the larger of two: what is left has the same quantiles, and what
 * comes from now on counts for more.
 */
export function halved(sketch: QuantileSketch): QuantileSketch {
  const buckets: number[] = [];
  const counts: number[] = [];
  let before = 0;
  let kept = 0;
  for (const [index, bucket] of sketch.buckets.entries()) {
    before += sketch.counts[index] ?? 0;
    const count = Math.floor(before / 2) - kept;
    if (count === 0) continue;
    kept += count;
    buckets.push(bucket);
    counts.push(count);
  }
  return { total: kept, buckets: Uint16Array.from(buckets), counts: Uint32Array.from(counts) };
}

/**
 * A number that at least `perMille` thousandths (1 … 1,000) of all numbers do not exceed: the smallest that was counted
 * and is one, or up to 2 % more. 0 when nothing was counted.
 */
export function quantile(sketch: QuantileSketch, perMille: number): number {
  const rank = Math.ceil((sketch.total * perMille) / 1_000);
  let before = 0;
  for (const [index, bucket] of sketch.buckets.entries()) {
    before += sketch.counts[index] ?? 0;
    if (before >= rank) return ENDS[bucket] ?? 0;
  }
  return 0;
}

function bucketEnds(): readonly number[] {
  const ends: number[] = [];
  for (let start = 0; start <= UNITS_MAX;) {
    const end = Math.min(UNITS_MAX, start + Math.floor((start * SKETCH_ERROR_PERCENT) / 100));
    ends.push(end);
    start = end + 1;
  }
  return ends;
}

/** The first index up to `last` for which `holds`, which holds for all after it; `last` if for none. */
function firstWhere(last: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
