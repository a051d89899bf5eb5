/**
 * When to bring journals home, and how much at a time: pure, from what the last round found.
 *
 * An entry waits at most the interval of the present load; a full page is followed by the next at once. The
 * preset `seconds` is the default, always the same: what is brought home seldom comes home in one go, and calls
 * wait for that. `minutes` is the 1, 5 and 10 minutes of the original design, for who wants few transactions
 * more than fresh numbers.
 */
import { JOURNAL_PAGE_MAX } from '@bursar/core';

/** Intervals in milliseconds for low, medium and high load. */
export interface SyncIntervals {
  readonly low: number;
  readonly medium: number;
  readonly high: number;
}

export const SYNC_PRESETS = {
  seconds: { low: 250, medium: 250, high: 250 },
  minutes: { low: 60_000, medium: 300_000, high: 600_000 },
} as const satisfies Record<string, SyncIntervals>;

export type SyncPreset = keyof typeof SYNC_PRESETS;

/** Events per second from which load counts as medium and as high. */
const MEDIUM_PER_SECOND = 50;
const HIGH_PER_SECOND = 500;
/** How long booking a page may take: who draws on one of its accounts meanwhile waits for it. */
const PAGE_MS = 50;
/** Smaller pages are mostly what a transaction costs by itself. */
export const PAGE_EVENTS_MIN = 100;
/** The first page, by which nothing is known. */
export const PAGE_EVENTS_FIRST = 250;
/** Longest pause after failures, and how much each one differs, so that servers do not fall into step. */
export const SYNC_BACKOFF_MS_MAX = 10_000;

/** What a round came to. */
export interface SyncRound {
  readonly events: number;
  /** Whether there may be more: as many as were asked for. */
  readonly isFull: boolean;
}

/** How long to wait before the next round, after one that covers `overMs`. */
export function nextSyncMs(
  intervals: SyncIntervals,
  { events, isFull }: SyncRound,
  overMs: number,
): number {
  if (isFull) return 0;
  const perSecond = (events * 1_000) / Math.max(overMs, 1);
  if (perSecond >= HIGH_PER_SECOND) return intervals.high;
  return perSecond >= MEDIUM_PER_SECOND ? intervals.medium : intervals.low;
}

/** How many events to ask for next, after a page of `size` brought `events` home in `tookMs`. */
export function nextPageSize(size: number, events: number, tookMs: number): number {
  // A few say nothing about how long many take.
  if (events < PAGE_EVENTS_MIN) return size;
  const fitting = Math.round((events * PAGE_MS) / Math.max(tookMs, 1));
  return Math.min(Math.max(fitting, PAGE_EVENTS_MIN), 2 * size, JOURNAL_PAGE_MAX);
}

/** How long to wait after the `failures`-th failure in a row; `jitter` is between 0 and 1. */
export function backoffMs(failures: number, jitter: number): number {
  const doubled = Math.min(SYNC_BACKOFF_MS_MAX, 100 * 2 ** Math.min(failures, 10));
  return Math.round(doubled * (0.5 + jitter / 2));
}

/** How old an acknowledged end may get before this process writes it to the ledger itself. */
export function replayAgeMs(intervals: SyncIntervals): number {
  return Math.max(3_000, 3 * Math.max(intervals.low, intervals.medium, intervals.high));
}
