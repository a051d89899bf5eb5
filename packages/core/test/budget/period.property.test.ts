/** Periods of any rule in any zone, against a calendar that is not ours (Temporal) and against themselves. */
import { INSTANT_MAX, type InstantMs, type Period, periodAt, periodNamed } from '@bursar/core';
import type { PeriodRule, Weekday } from '@bursar/core';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { expect, it } from 'vitest';
import { offsetAt } from '../../src/budget/zone.ts';
import { ODD_ZONES } from './zones.ts';

type Zoned = Exclude<PeriodRule, { every: 'lifetime' }>;
type Dated = Exclude<Zoned, { every: 'hour' }>;

const WEEKDAYS: readonly Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
];
const zone = fc.oneof(
  fc.constantFrom(...ODD_ZONES),
  fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
);
const date = fc
  .integer({ min: 0, max: 40_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));
const dated: fc.Arbitrary<Dated> = fc.oneof(
  fc.record({ every: fc.constant('day' as const), zone }),
  fc.record({ every: fc.constant('week' as const), startsOn: fc.constantFrom(...WEEKDAYS), zone }),
  fc.record({ every: fc.constant('month' as const), zone }),
  fc.record({
    every: fc.constant('month' as const),
    anchorDay: fc.integer({ min: 1, max: 31 }),
    zone,
  }),
  fc.record({ every: fc.constant('quarter' as const), zone }),
  fc.record({ every: fc.constant('year' as const), zone }),
  fc.record({
    every: fc.constant('days' as const),
    count: fc.integer({ min: 1, max: 366 }),
    from: date,
    zone,
  }),
);
const rule: fc.Arbitrary<PeriodRule> = fc.oneof(
  { weight: 6, arbitrary: dated },
  { weight: 3, arbitrary: fc.record({ every: fc.constant('hour' as const), zone }) },
  { weight: 1, arbitrary: fc.constant({ every: 'lifetime' as const }) },
);
/** Mostly the decades in which zones change their clocks, sometimes anywhere. */
const instant = fc
  .oneof(
    fc.integer({ min: 0, max: Date.UTC(2040, 0) }),
    fc.integer({ min: 0, max: INSTANT_MAX - 1 }),
  )
  .map((ms) => ms as InstantMs);

/** When the clocks of `name` were or will be changed, from 1970 to 2038; every fifth time, for the sake of time. */
function changesOf(name: string): InstantMs[] {
  const STEP = 3 * 86_400_000;
  const changes: InstantMs[] = [];
  for (let from = 0; from < Date.UTC(2038, 0); from += STEP) {
    if (offsetAt(name, from) === offsetAt(name, from + STEP)) continue;
    let [low, high] = [from, from + STEP];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(name, middle) === offsetAt(name, from)) low = middle;
      else high = middle;
    }
    changes.push(high as InstantMs);
  }
  return changes.filter((_change, index) => index % 5 === 0);
}

function expectTile(of: PeriodRule, at: InstantMs): Period {
  const period = periodAt(of, at);
  expect(period.startAtMs).toBeLessThanOrEqual(at);
  expect(period.endAtMs).toBeGreaterThan(at);
  expect(periodNamed(of, period.id)).toEqual(period);
  expect(periodAt(of, period.startAtMs)).toEqual(period);
  expect(periodAt(of, (period.endAtMs - 1) as InstantMs)).toEqual(period);
  if (period.endAtMs < INSTANT_MAX) {
    const next = periodAt(of, period.endAtMs);
    expect(next.startAtMs).toBe(period.endAtMs);
    expect(next.id > period.id).toBe(true);
  }
  return period;
}

/** The first instant at which a date is shown, by Temporal. */
const startOf = (day: Temporal.PlainDate, name: string) =>
  day.toZonedDateTime(name).epochMilliseconds;

/** The first day of the cell that `day` is in, and of the next, by Temporal's arithmetic. */
function cellByTemporal(
  of: Dated,
  day: Temporal.PlainDate,
): [Temporal.PlainDate, Temporal.PlainDate] {
  switch (of.every) {
    case 'day':
      return [day, day.add({ days: 1 })];
    case 'week': {
      const first = WEEKDAYS.indexOf(of.startsOn ?? 'monday') + 1;
      const start = day.subtract({ days: (day.dayOfWeek - first + 7) % 7 });
      return [start, start.add({ weeks: 1 })];
    }
    case 'month': {
      const begin = (month: Temporal.PlainYearMonth) =>
        month.toPlainDate({ day: 1 }).with({ day: of.anchorDay ?? 1 }, { overflow: 'constrain' });
      const month = day.toPlainYearMonth();
      const starts =
        Temporal.PlainDate.compare(begin(month), day) <= 0 ? month : month.subtract({ months: 1 });
      return [begin(starts), begin(starts.add({ months: 1 }))];
    }
    case 'quarter': {
      const start = day.with({ month: Math.floor((day.month - 1) / 3) * 3 + 1, day: 1 });
      return [start, start.add({ months: 3 })];
    }
    case 'year':
      return [day.with({ month: 1, day: 1 }), day.with({ month: 1, day: 1 }).add({ years: 1 })];
    case 'days': {
      const anchor = Temporal.PlainDate.from(of.from);
      const cells = Math.floor(anchor.until(day, { largestUnit: 'days' }).days / of.count);
      const start = anchor.add({ days: cells * of.count });
      return [start, start.add({ days: of.count })];
    }
  }
}

it('cuts all of time into periods that meet their neighbours, and each answers to its name', () => {
  fc.assert(
    fc.property(rule, instant, (of, at) => {
      expectTile(of, at);
    }),
    { seed: 6, numRuns: 2_000 },
  );
});

it('does so around the changes of the clocks in the oddest zones', () => {
  for (const name of ODD_ZONES) {
    for (const change of changesOf(name)) {
      for (const hours of [-1, 0, 0.5, 1]) {
        const at = Math.max(change + hours * 3_600_000, 0) as InstantMs;
        const hour = expectTile({ every: 'hour', zone: name }, at);
        expect(hour.endAtMs - hour.startAtMs).toBeLessThanOrEqual(3_600_000);
        expectTile({ every: 'day', zone: name }, at);
      }
    }
  }
});

it('agrees with Temporal on when a period begins and ends', () => {
  fc.assert(
    fc.property(
      dated,
      instant.filter((at) => at < Date.UTC(9990, 0)),
      (of, at) => {
        const shown = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(of.zone);
        let [start, next] = cellByTemporal(of, shown.toPlainDate());
        // A date that is shown again after midnight, because the clocks were put back, is the new day.
        while (startOf(next, of.zone) <= at) [start, next] = cellByTemporal(of, next);
        expect(periodAt(of, at)).toMatchObject({
          startAtMs: Math.max(startOf(start, of.zone), 0),
          endAtMs: startOf(next, of.zone),
        });
      },
    ),
    { seed: 8, numRuns: 2_000 },
  );
});

it('never gives two intervals of time the same id, whatever rules and zones they are of', () => {
  const seen = new Map<string, Period>();
  fc.assert(
    fc.property(dated, instant, (of, at) => {
      // Few dates and zones, so that names do meet.
      const near = (at % (3 * 365 * 86_400_000)) as InstantMs;
      const period = periodAt({ ...of, zone: ODD_ZONES[near % 4] ?? 'UTC' }, near);
      const known = seen.get(period.id);
      if (known !== undefined) expect(period).toEqual(known);
      seen.set(period.id, period);
    }),
    { seed: 9, numRuns: 5_000 },
  );
});

it('answers alike whatever it was asked before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(rule, instant), { minLength: 1, maxLength: 12 }), (questions) => {
      const there = questions.map(([of, at]) => periodAt(of, at));
      const back = questions.toReversed().map(([of, at]) => periodAt({ ...of }, at));
      expect(back.toReversed()).toEqual(there);
    }),
    { seed: 10, numRuns: 200 },
  );
});
