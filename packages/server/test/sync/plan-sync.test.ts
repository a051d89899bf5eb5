import { JOURNAL_PAGE_MAX } from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  backoffMs,
  nextPageSize,
  nextSyncMs,
  PAGE_EVENTS_MIN,
  replayAgeMs,
  SYNC_BACKOFF_MS_MAX,
  SYNC_PRESETS,
} from '../../src/sync/plan-sync.ts';

it('a full page is followed by the next at once', () => {
  for (const intervals of Object.values(SYNC_PRESETS)) {
    expect(nextSyncMs(intervals, { events: 100, isFull: true }, 10)).toBe(0);
  }
});

it('the pause follows the load, and never passes the longest of the preset', () => {
  const { minutes } = SYNC_PRESETS;
  const pause = (events: number, overMs: number): number =>
    nextSyncMs(minutes, { events, isFull: false }, overMs);
  expect(pause(0, 1_000)).toBe(minutes.low);
  expect(pause(100, 1_000)).toBe(minutes.medium);
  expect(pause(900, 1_000)).toBe(minutes.high);
  expect([minutes.low, minutes.medium, minutes.high]).toEqual([60_000, 300_000, 600_000]);
  fc.assert(
    fc.property(fc.nat(2_000), fc.nat(1_000_000), (events, overMs) => {
      expect(pause(events, overMs)).toBeLessThanOrEqual(minutes.high);
    }),
  );
});

it('a page is as large as can be booked in 50 ms, within bounds, and grows twofold at most', () => {
  expect(nextPageSize(250, 250, 25)).toBe(500);
  expect(nextPageSize(250, 250, 10)).toBe(500);
  expect(nextPageSize(1_000, 1_000, 100)).toBe(500);
  expect(nextPageSize(1_000, 1_000, 0)).toBe(JOURNAL_PAGE_MAX);
  expect(nextPageSize(400, PAGE_EVENTS_MIN - 1, 1_000)).toBe(400);
  fc.assert(
    fc.property(
      fc.integer({ min: PAGE_EVENTS_MIN, max: JOURNAL_PAGE_MAX }),
      fc.nat(1_300),
      fc.nat(100_000),
      (size, events, tookMs) => {
        const next = nextPageSize(size, events, tookMs);
        expect(next).toBeGreaterThanOrEqual(PAGE_EVENTS_MIN);
        expect(next).toBeLessThanOrEqual(JOURNAL_PAGE_MAX);
      },
    ),
  );
});

it('retries back off, bounded, and never in step', () => {
  expect(backoffMs(1, 0)).not.toBe(backoffMs(1, 1));
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, jitter) => {
      expect(backoffMs(failures, jitter)).toBeLessThanOrEqual(SYNC_BACKOFF_MS_MAX);
      expect(backoffMs(failures, jitter)).toBeGreaterThanOrEqual(50);
    }),
  );
});

it('an acknowledged end is replayed only when three rounds have not brought it home', () => {
  expect(replayAgeMs(SYNC_PRESETS.seconds)).toBe(3_000);
  expect(replayAgeMs({ low: 1_000, medium: 2_000, high: 2_000 })).toBe(6_000);
});
