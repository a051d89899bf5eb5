import { JOURNAL_PAGE_MAX } from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  backoffMs,
  nextSyncMs,
  replayAgeMs,
  SYNC_BACKOFF_MS_MAX,
  SYNC_PRESETS,
} from '../../src/sync/plan-sync.ts';

it('a full page is followed by the next at once', () => {
  for (const intervals of Object.values(SYNC_PRESETS)) {
    expect(nextSyncMs(intervals, JOURNAL_PAGE_MAX, 10)).toBe(0);
  }
});

it('the pause follows the load, and never passes the longest of the preset', () => {
  const { seconds, minutes } = SYNC_PRESETS;
  expect(nextSyncMs(seconds, 0, 1_000)).toBe(seconds.low);
  expect(nextSyncMs(seconds, 100, 1_000)).toBe(seconds.medium);
  expect(nextSyncMs(seconds, 900, 1_000)).toBe(seconds.high);
  expect([minutes.low, minutes.medium, minutes.high]).toEqual([60_000, 300_000, 600_000]);
  fc.assert(
    fc.property(fc.nat(2_000), fc.nat(1_000_000), (events, overMs) => {
      expect(nextSyncMs(seconds, events, overMs)).toBeLessThanOrEqual(seconds.high);
    }),
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
  expect(replayAgeMs({ low: 1, medium: 1, high: 1 })).toBe(1_500);
});
