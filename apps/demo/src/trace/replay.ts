/**
 * Replaying a trace: each call when its turn comes, by the trace's clock made faster, or at once.
 *
 * Arrivals do not wait for answers, as in the life that was recorded, except that `concurrency` bounds what
 * runs at once; how far that (or this machine) makes a call late is part of the result.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Slots } from './slots.ts';
import type { TraceRow } from './trace-row.ts';

/** How a trace is replayed. */
export interface ReplayOptions {
  /** Times faster than recorded; `Infinity` for at once. */
  readonly speed: number;
  /** Most calls at once. */
  readonly concurrency: number;
  /** Makes the call of a row; `index` counts from 0. A rejection ends the replay. */
  readonly call: (row: TraceRow, index: number) => Promise<void>;
}

/** Longest single wait, in milliseconds; timers cannot count further than 24 days. */
const WAIT_MS_MAX = 3_600_000;

/** Replays `rows`; resolves with the most that a call began late, in milliseconds. */
export async function replay(
  rows: AsyncIterable<TraceRow>,
  { speed, concurrency, call }: ReplayOptions,
): Promise<number> {
  const slots = new Slots(concurrency);
  const beganAtMs = performance.now();
  let firstArrivalMs: number | undefined;
  let lateMsMax = 0;
  let index = 0;
  let failure: { readonly error: unknown } | undefined;
  for await (const row of rows) {
    firstArrivalMs ??= row.arrivedAtMs;
    const dueInMs = (row.arrivedAtMs - firstArrivalMs) / speed;
    await until(beganAtMs + dueInMs);
    const own = index;
    await slots.begin(() => call(row, own).catch((error: unknown) => void (failure ??= { error })));
    if (failure !== undefined) break;
    if (speed !== Infinity) {
      lateMsMax = Math.max(lateMsMax, performance.now() - beganAtMs - dueInMs);
    }
    index += 1;
  }
  await slots.idle();
  if (failure !== undefined) throw failure.error;
  return lateMsMax;
}

async function until(atMs: number): Promise<void> {
  for (;;) {
    const leftMs = atMs - performance.now();
    if (leftMs <= 0) return;
    await sleep(Math.min(leftMs, WAIT_MS_MAX));
  }
}
