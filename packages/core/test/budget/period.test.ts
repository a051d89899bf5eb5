import { INSTANT_MAX, type InstantMs, MONTHLY_UTC, periodAt, periodNamed } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const at = (iso: string) => Date.parse(iso) as InstantMs;

describe('calendar months in UTC', () => {
  it.each([
    ['2026-11-01T00:00:00.000Z', '2026-11'],
    ['2026-11-30T23:59:59.999Z', '2026-11'],
    ['2026-12-31T23:59:59.999Z', '2026-12'],
    ['2027-01-01T00:00:00.000Z', '2027-01'],
    ['2028-02-29T12:00:00.000Z', '2028-02'],
    ['1970-01-01T00:00:00.000Z', '1970-01'],
  ])('puts %s into %s', (iso, id) => {
    expect(periodAt(MONTHLY_UTC, at(iso)).id).toBe(id);
  });

  it('cuts all of time into periods without gaps or overlaps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: INSTANT_MAX - 1 }), (nowMs) => {
        const period = periodAt(MONTHLY_UTC, nowMs as InstantMs);
        expect(period.startAtMs).toBeLessThanOrEqual(nowMs);
        expect(period.endAtMs).toBeGreaterThan(nowMs);
        expect(periodNamed(MONTHLY_UTC, period.id)).toEqual(period);
        if (period.endAtMs < INSTANT_MAX) {
          expect(periodAt(MONTHLY_UTC, period.endAtMs).startAtMs).toBe(period.endAtMs);
        }
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });

  it.each(['', '2026', '2026-13', '2026-00', '26-11', '1969-12', '2026-1', '2026-11 '])(
    'refuses %j as a period',
    (id) => {
      expect(() => periodNamed(MONTHLY_UTC, id)).toThrow('calendar month');
    },
  );
});
