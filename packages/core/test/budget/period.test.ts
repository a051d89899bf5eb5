import {
  INSTANT_MAX,
  type InstantMs,
  MONTHLY_UTC,
  periodAt,
  periodNamed,
  type PeriodRule,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';

const at = (iso: string) => Date.parse(iso) as InstantMs;
const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
const BERLIN = 'Europe/Berlin';

describe('calendar months in UTC', () => {
  it.each([
    ['2026-11-01T00:00:00.000Z', '2026-11'],
    ['2026-11-30T23:59:59.999Z', '2026-11'],
    ['2026-12-31T23:59:59.999Z', '2026-12'],
    ['2027-01-01T00:00:00.000Z', '2027-01'],
    ['2028-02-29T12:00:00.000Z', '2028-02'],
    ['1970-01-01T00:00:00.000Z', '1970-01'],
    ['9999-12-31T23:59:59.998Z', '9999-12'],
  ])('puts %s into %s, as the ids of existing accounts say', (instant, id) => {
    expect(periodAt(MONTHLY_UTC, at(instant)).id).toBe(id);
  });

  it('ends the last month with the last instant', () => {
    expect(periodAt(MONTHLY_UTC, INSTANT_MAX)).toMatchObject({
      id: '9999-12',
      endAtMs: INSTANT_MAX,
    });
  });

  it.each(['', '2026', '2026-13', '2026-00', '26-11', '1969-12', '2026-1', '2026-11 ', '0026-11'])(
    'refuses %j as a period',
    (id) => {
      expect(() => periodNamed(MONTHLY_UTC, id)).toThrow(
        'period must be a calendar month from 1970 to 9999, written like 2026-11',
      );
    },
  );
});

describe('periods', () => {
  const cases: readonly (readonly [string, PeriodRule, string, string, string, string])[] = [
    [
      'a month in a zone ahead of UTC begins before UTC’s',
      { every: 'month', zone: BERLIN },
      '2026-10-31T23:00:00Z',
      '2026-11@Europe.Berlin',
      '2026-10-31T23:00:00Z',
      '2026-11-30T23:00:00Z',
    ],
    [
      'a day on which the clocks are put forward has 23 hours',
      { every: 'day', zone: BERLIN },
      '2026-03-29T12:00:00Z',
      '2026-03-29@Europe.Berlin',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    [
      'a day on which the clocks are put back has 25 hours',
      { every: 'day', zone: BERLIN },
      '2026-10-25T12:00:00Z',
      '2026-10-25@Europe.Berlin',
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ],
    [
      'the first of two hours that the clock shows as 2 o’clock',
      { every: 'hour', zone: BERLIN },
      '2026-10-25T00:30:00Z',
      '2026-10-25T000000Z@Europe.Berlin',
      '2026-10-25T00:00:00Z',
      '2026-10-25T01:00:00Z',
    ],
    [
      'the second of them',
      { every: 'hour', zone: BERLIN },
      '2026-10-25T01:30:00Z',
      '2026-10-25T010000Z@Europe.Berlin',
      '2026-10-25T01:00:00Z',
      '2026-10-25T02:00:00Z',
    ],
    [
      'an hour where the clocks are three quarters of an hour off',
      { every: 'hour', zone: 'Asia/Kathmandu' },
      '2026-11-05T10:20:00Z',
      '2026-11-05T101500Z@Asia.Kathmandu',
      '2026-11-05T10:15:00Z',
      '2026-11-05T11:15:00Z',
    ],
    [
      'the half hour that is shown again when the clocks are put back by half an hour',
      { every: 'hour', zone: 'Australia/Lord_Howe' },
      '2026-04-04T15:10:00Z',
      '2026-04-04T150000Z@Australia.Lord_Howe',
      '2026-04-04T15:00:00Z',
      '2026-04-04T15:30:00Z',
    ],
    [
      'the half hour that is left when the clocks are put forward by half an hour',
      { every: 'hour', zone: 'Australia/Lord_Howe' },
      '2026-10-03T15:45:00Z',
      '2026-10-03T153000Z@Australia.Lord_Howe',
      '2026-10-03T15:30:00Z',
      '2026-10-03T16:00:00Z',
    ],
    [
      'an hour of a clock that is behind by 44 minutes and 30 seconds',
      { every: 'hour', zone: 'Africa/Monrovia' },
      '1970-06-01T12:00:00Z',
      '1970-06-01T114430Z@Africa.Monrovia',
      '1970-06-01T11:44:30Z',
      '1970-06-01T12:44:30Z',
    ],
    [
      'the day before a date that the zone skips ends where the day after it begins',
      { every: 'day', zone: 'Pacific/Apia' },
      '2011-12-30T09:59:59Z',
      '2011-12-29@Pacific.Apia',
      '2011-12-29T10:00:00Z',
      '2011-12-30T10:00:00Z',
    ],
    [
      'the day after a date that the zone skips',
      { every: 'day', zone: 'Pacific/Apia' },
      '2011-12-30T10:00:00Z',
      '2011-12-31@Pacific.Apia',
      '2011-12-30T10:00:00Z',
      '2011-12-31T10:00:00Z',
    ],
    [
      'a month that is to begin on a date that the zone skips begins on the next',
      { every: 'month', anchorDay: 30, zone: 'Pacific/Apia' },
      '2012-01-05T00:00:00Z',
      '2011-12.from30@Pacific.Apia',
      '2011-12-30T10:00:00Z',
      '2012-01-29T10:00:00Z',
    ],
    [
      'a day without midnight begins when the clocks have been put forward',
      { every: 'day', zone: 'America/Sao_Paulo' },
      '2018-11-04T12:00:00Z',
      '2018-11-04@America.Sao_Paulo',
      '2018-11-04T03:00:00Z',
      '2018-11-05T02:00:00Z',
    ],
    [
      'an evening that is shown again after midnight belongs to the new day',
      { every: 'day', zone: 'America/St_Johns' },
      '2010-11-07T03:00:00Z', // 23:30 on the 6th, for the second time
      '2010-11-07@America.St_Johns',
      '2010-11-07T02:30:00Z',
      '2010-11-08T03:30:00Z',
    ],
    [
      'a week from Monday',
      { every: 'week', zone: 'UTC' },
      '2026-11-08T23:59:59Z',
      '2026-11-02.week',
      '2026-11-02T00:00:00Z',
      '2026-11-09T00:00:00Z',
    ],
    [
      'a week from Sunday',
      { every: 'week', startsOn: 'sunday', zone: 'UTC' },
      '2026-11-08T00:00:00Z',
      '2026-11-08.week',
      '2026-11-08T00:00:00Z',
      '2026-11-15T00:00:00Z',
    ],
    [
      'a month from the 31st that begins on 28 February',
      { every: 'month', anchorDay: 31, zone: 'UTC' },
      '2026-03-30T23:59:59Z',
      '2026-02.from31',
      '2026-02-28T00:00:00Z',
      '2026-03-31T00:00:00Z',
    ],
    [
      'a month from the 30th that begins on 29 February of a leap year',
      { every: 'month', anchorDay: 30, zone: 'UTC' },
      '2028-02-29T00:00:00Z',
      '2028-02.from30',
      '2028-02-29T00:00:00Z',
      '2028-03-30T00:00:00Z',
    ],
    [
      'a month from the 15th over the end of the year',
      { every: 'month', anchorDay: 15, zone: 'UTC' },
      '2027-01-14T12:00:00Z',
      '2026-12.from15',
      '2026-12-15T00:00:00Z',
      '2027-01-15T00:00:00Z',
    ],
    [
      'a quarter',
      { every: 'quarter', zone: 'UTC' },
      '2026-12-31T00:00:00Z',
      '2026-Q4',
      '2026-10-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
    ],
    [
      'a leap year',
      { every: 'year', zone: 'UTC' },
      '2028-02-29T00:00:00Z',
      '2028',
      '2028-01-01T00:00:00Z',
      '2029-01-01T00:00:00Z',
    ],
    [
      'thirty days counted from a date',
      { every: 'days', count: 30, from: '2026-11-02', zone: 'UTC' },
      '2026-12-01T23:59:59Z',
      '2026-11-02.30days',
      '2026-11-02T00:00:00Z',
      '2026-12-02T00:00:00Z',
    ],
    [
      'thirty days that end before the date they are counted from',
      { every: 'days', count: 30, from: '2026-11-02', zone: 'UTC' },
      '2026-11-01T00:00:00Z',
      '2026-10-03.30days',
      '2026-10-03T00:00:00Z',
      '2026-11-02T00:00:00Z',
    ],
    [
      'a lifetime',
      { every: 'lifetime' },
      '2026-11-02T00:00:00Z',
      'lifetime',
      '1970-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
    ],
    [
      'the month that reaches into 1970 behind UTC',
      { every: 'month', zone: 'America/New_York' },
      '1970-01-01T04:59:59Z',
      '1969-12@America.New_York',
      '1970-01-01T00:00:00Z',
      '1970-01-01T05:00:00Z',
    ],
    [
      'the last day, which ends with the last instant ahead of UTC too',
      { every: 'day', zone: 'Pacific/Kiritimati' },
      '9999-12-31T23:59:59Z',
      '9999-12-31@Pacific.Kiritimati',
      '9999-12-30T10:00:00Z',
      '9999-12-31T23:59:59.999Z',
    ],
    [
      'a zone with a plus sign in its name',
      { every: 'year', zone: 'Etc/GMT+5' },
      '2026-06-01T00:00:00Z',
      '2026@Etc.GMT%2B5',
      '2026-01-01T05:00:00Z',
      '2027-01-01T05:00:00Z',
    ],
  ];
  it.each(cases)('knows %s', (_title, rule, instant, id, start, end) => {
    const period = periodAt(rule, at(instant));
    expect([period.id, iso(period.startAtMs), iso(period.endAtMs)]).toEqual([id, start, end]);
    expect(periodNamed(rule, id)).toEqual(period);
  });

  it('are frozen, because the one in use is shared', () => {
    expect(Object.isFrozen(periodAt({ every: 'day', zone: BERLIN }, at('2026-11-05')))).toBe(true);
  });

  it.each<[string, PeriodRule]>([
    ['2011-12-30@Pacific.Apia', { every: 'day', zone: 'Pacific/Apia' }],
    ['2026-11', { every: 'month', zone: BERLIN }],
    ['2026-11@Europe.Paris', { every: 'month', zone: BERLIN }],
    ['2026-11@Europe%2FBerlin', { every: 'month', zone: BERLIN }],
    ['2026-11.from15', { every: 'month', zone: 'UTC' }],
    ['2026-11', { every: 'month', anchorDay: 15, zone: 'UTC' }],
    ['2026-11.from16', { every: 'month', anchorDay: 15, zone: 'UTC' }],
    ['2026-11-02', { every: 'week', zone: 'UTC' }],
    ['2026-11-01.week', { every: 'week', zone: 'UTC' }],
    ['2026-11-02.week', { every: 'day', zone: 'UTC' }],
    ['2026-02-30', { every: 'day', zone: 'UTC' }],
    ['2026-11-03.30days', { every: 'days', count: 30, from: '2026-11-02', zone: 'UTC' }],
    ['2026-11-02.31days', { every: 'days', count: 30, from: '2026-11-02', zone: 'UTC' }],
    ['2026-Q5', { every: 'quarter', zone: 'UTC' }],
    ['2026-11', { every: 'quarter', zone: 'UTC' }],
    ['1969', { every: 'year', zone: 'UTC' }],
    ['2026-11-05T103000Z', { every: 'hour', zone: 'UTC' }],
    ['2026-11-05T100000', { every: 'hour', zone: 'UTC' }],
    ['2026-99-05T100000Z', { every: 'hour', zone: 'UTC' }],
    ['2026-11-05T10', { every: 'hour', zone: 'UTC' }],
    ['', { every: 'lifetime' }],
    ['2026', { every: 'lifetime' }],
  ])('refuses %j as a period of %j', (id, rule) => {
    expect(() => periodNamed(rule, id)).toThrow(/^period must be a .* written like /);
  });
});
