import { BursarError, checkPeriodRule, describePeriodRule, type PeriodRule } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { ODD_ZONES } from './zones.ts';

const zone = 'UTC';

describe('a period rule', () => {
  it.each<[unknown, string, string]>([
    [null, 'period', 'must be an object'],
    [[], 'period', 'must be an object'],
    [{ zone }, 'period.every', 'must be one of hour, day, week, month'],
    [{ every: 'fortnight', zone }, 'period.every', 'must be one of'],
    [{ every: 'toString', zone }, 'period.every', 'must be one of'],
    [{ every: 'month' }, 'period.zone', 'IANA'],
    [{ every: 'month', zone: '' }, 'period.zone', 'IANA'],
    [{ every: 'month', zone: 'Europe/Bärlin' }, 'period.zone', 'and is "Europe/Bärlin"'],
    [{ every: 'month', zone: 'X'.repeat(100_000) }, 'period.zone', 'IANA'],
    [{ every: 'month', zone: 'europe/berlin' }, 'period.zone', 'must be spelled Europe/Berlin'],
    [{ every: 'month', zone: 'utc' }, 'period.zone', 'must be spelled UTC'],
    [{ every: 'month', zone: 'us/eastern' }, 'period.zone', 'spelled as it is there'],
    [{ every: 'month', zone: '+05:30' }, 'period.zone', 'IANA'],
    [{ every: 'month', zone, anchorDay: 0 }, 'period.anchorDay', '1 to 31'],
    [{ every: 'month', zone, anchorDay: 32 }, 'period.anchorDay', '1 to 31'],
    [{ every: 'month', zone, anchorDay: 1.5 }, 'period.anchorDay', '1 to 31'],
    [{ every: 'month', zone, anchorDay: '1' }, 'period.anchorDay', '1 to 31'],
    [{ every: 'month', zone, anchorDya: 5 }, 'period.anchorDya', 'the fields are zone, anchorDay'],
    [{ every: 'week', zone, startsOn: 'Monday' }, 'period.startsOn', 'monday'],
    [{ every: 'day', zone, startsOn: 'monday' }, 'period.startsOn', 'is no field'],
    [{ every: 'days', zone, count: 367, from: '2026-11-02' }, 'period.count', '1 to 366'],
    [{ every: 'days', zone, count: 0, from: '2026-11-02' }, 'period.count', '1 to 366'],
    [{ every: 'days', zone, count: 30 }, 'period.from', 'must be a date'],
    [{ every: 'days', zone, count: 30, from: '2026-02-30' }, 'period.from', 'must be a date'],
    [{ every: 'days', zone, count: 30, from: '1969-12-31' }, 'period.from', 'must be a date'],
    [{ every: 'lifetime', zone }, 'period.zone', 'it has none'],
  ])('%j is refused with its field and the fix', (rule, field, problem) => {
    const check = () => checkPeriodRule(rule);
    expect(check).toThrow(BursarError);
    expect(check).toThrow(problem);
    expect(check).toThrow(expect.objectContaining({ code: 'period_invalid', field }));
  });

  it('takes every name of a zone, main or not', () => {
    for (const name of [
      ...Intl.supportedValuesOf('timeZone'),
      ...ODD_ZONES,
      'US/Eastern',
      'Asia/Calcutta',
      'Asia/Kolkata',
      'EST5EDT',
      'Etc/GMT+5',
      'Etc/UTC',
      'GMT',
      'NZ-CHAT',
      'W-SU',
      'America/Port-au-Prince',
    ]) {
      expect(checkPeriodRule({ every: 'day', zone: name })).toEqual({ every: 'day', zone: name });
    }
  });

  it.each<[PeriodRule, string]>([
    [{ every: 'hour', zone }, 'hour'],
    [{ every: 'day', zone: 'Europe/Berlin' }, 'day in Europe/Berlin'],
    [{ every: 'week', zone }, 'week from monday'],
    [{ every: 'week', startsOn: 'sunday', zone }, 'week from sunday'],
    [{ every: 'month', zone }, 'calendar month'],
    [{ every: 'month', anchorDay: 15, zone }, 'month from day 15'],
    [{ every: 'quarter', zone }, 'calendar quarter'],
    [{ every: 'year', zone }, 'calendar year'],
    [
      { every: 'days', count: 30, from: '2026-11-02', zone },
      'period of 30 days counted from 2026-11-02',
    ],
    [{ every: 'lifetime' }, 'lifetime'],
  ])('%j is said in words', (rule, words) => {
    expect(describePeriodRule(rule)).toBe(words);
  });
});
