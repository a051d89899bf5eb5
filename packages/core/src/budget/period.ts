/**
 * Periods: the calendar intervals of budgets.
 *
 * Decides which period an instant falls into, under which id, and where it ends. A period is part of its
 * account's id, so a new month is a new account and nothing is ever reset.
 *
 * An id names its interval completely: the dates, the kind of period and the zone, except that UTC goes
 * without saying (`2026-11`, `2026-11@Europe.Berlin`, `2026-11-02.week`, `2026-02.from31`). So a budget whose
 * rule or zone is changed never meets an old account whose id means another interval.
 *
 * A period begins at the first instant at which the clocks of its zone show its first date (or a later one,
 * where they skip it), and ends where the next begins: periods tile the time from 1970 to 9999 without gaps
 * or overlaps. What a zone skips entirely (30 December 2011 in Apia) is no period.
 */
import { BoundedMemo } from '../bounded-memo.ts';
import { BursarError } from '../errors.ts';
import { INSTANT_MAX, type InstantMs } from '../time.ts';
import { type CalendarRule, cellAfter, cellAt, cellName, cellNamed } from './calendar.ts';
import { DAY_MAX, DAY_MS } from './civil-date.ts';
import { checkPeriodRule, describePeriodRule, type PeriodRule } from './period-rule.ts';
import { firstInstantAt, firstWhere, offsetAt, wallAt } from './zone.ts';

/** One interval of a rule: starts at `startAtMs` (inclusive), ends at `endAtMs` (exclusive). */
export interface Period {
  /** Unique within the budget and, under one rule, sortable: `2026-11`. */
  readonly id: string;
  readonly startAtMs: InstantMs;
  readonly endAtMs: InstantMs;
}

const HOUR_MS = 3_600_000;
const LIFETIME: Period = Object.freeze({
  id: 'lifetime',
  startAtMs: 0 as InstantMs,
  endAtMs: INSTANT_MAX,
});

/** The period that each rule was last asked about, which on the way of a call is the present one. */
const CURRENT = new BoundedMemo<Period>(1_024);

/**
 * The period of `rule` that contains `at`. Throws `period_invalid`, naming the field of `rule` at fault.
 * The period found last is kept for each rule and only used when it contains `at`, so the answer depends on
 * nothing but the question.
 */
export function periodAt(rule: PeriodRule, at: InstantMs): Period {
  const key = keyOf(rule);
  const current = CURRENT.get(key);
  if (current !== undefined && current.startAtMs <= at && at < current.endAtMs) return current;
  checkPeriodRule(rule);
  return CURRENT.set(key, Object.freeze(findPeriod(rule, at)));
}

/** The period of `rule` named `id`. Throws `period_invalid` when `rule` has no such period. */
export function periodNamed(rule: PeriodRule, id: string): Period {
  checkPeriodRule(rule);
  const startAtMs = startOf(rule, id);
  if (startAtMs !== undefined) {
    // What begins before 1970 may still reach into it.
    const period = periodAt(rule, Math.max(startAtMs, 0) as InstantMs);
    if (period.id === id) return period;
  }
  const example = periodAt(rule, Date.UTC(2026, 10, 5) as InstantMs).id;
  throw new BursarError('period_invalid', {
    field: 'period',
    message: `period must be a ${describePeriodRule(rule)} from 1970 to 9999, written like ${example}`,
  });
}

function findPeriod(rule: PeriodRule, at: InstantMs): Period {
  switch (rule.every) {
    case 'lifetime':
      return LIFETIME;
    case 'hour':
      return hourAt(rule.zone, at);
    default:
      return calendarPeriodAt(rule, at);
  }
}

function calendarPeriodAt(rule: CalendarRule, at: InstantMs): Period {
  const { zone } = rule;
  let start = cellAt(rule, Math.min(Math.floor(wallAt(zone, at) / DAY_MS), DAY_MAX));
  let next = cellAfter(rule, start);
  // Where the clocks are put back across midnight they show the old date once more, in the new period.
  while (firstInstantOf(zone, next) <= at) {
    start = next;
    next = cellAfter(rule, start);
  }
  return {
    id: cellName(rule, start) + inZone(zone),
    startAtMs: within(firstInstantOf(zone, start)),
    endAtMs: within(firstInstantOf(zone, next)),
  };
}

/** When the clocks of `zone` first show the date `day` or a later one. Nothing begins after the last date. */
function firstInstantOf(zone: string, day: number): number {
  return day > DAY_MAX ? Number.POSITIVE_INFINITY : firstInstantAt(zone, day * DAY_MS);
}

/** Hours are named by their beginning in UTC, because a local name can be shown twice. */
function hourAt(zone: string, at: InstantMs): Period {
  const offset = offsetAt(zone, at);
  const full = Math.floor((at + offset) / HOUR_MS) * HOUR_MS - offset;
  const next = full + HOUR_MS;
  const startAtMs = within(
    offsetAt(zone, full) === offset
      ? full
      : firstWhere((instant) => offsetAt(zone, instant) === offset, full, at),
  );
  const endAtMs = within(
    offsetAt(zone, next - 1) === offset
      ? next
      : firstWhere((instant) => offsetAt(zone, instant) !== offset, at, next - 1),
  );
  const name = new Date(startAtMs).toISOString().slice(0, 19).replaceAll(':', '');
  return { id: `${name}Z${inZone(zone)}`, startAtMs, endAtMs };
}

const HOUR_NAME = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})([0-9]{2})([0-9]{2})Z(?:@|$)/;

/** Where the period named `id` begins if there is one; whether there is, is for the caller to compare. */
function startOf(rule: PeriodRule, id: string): number | undefined {
  if (rule.every === 'lifetime') return 0;
  if (rule.every !== 'hour') {
    const start = cellNamed(rule, id);
    return start === undefined || start > DAY_MAX ? undefined : firstInstantOf(rule.zone, start);
  }
  const match = HOUR_NAME.exec(id);
  const start = match === null ? Number.NaN : Date.parse(`${match[1]}:${match[2]}:${match[3]}Z`);
  return Number.isNaN(start) ? undefined : start;
}

/** The part of an id that says the zone. No zone has a dot in its name. */
function inZone(zone: string): string {
  return zone === 'UTC' ? '' : `@${encodeURIComponent(zone.replaceAll('/', '.'))}`;
}

/** The zone comes last, because of what a caller without types might write there. */
function keyOf(rule: PeriodRule): string {
  switch (rule.every) {
    case 'hour':
    case 'day':
    case 'quarter':
    case 'year':
      return `${rule.every} ${rule.zone}`;
    case 'week':
      return `week ${rule.startsOn ?? 'monday'} ${rule.zone}`;
    case 'month':
      return `month ${rule.anchorDay ?? 1} ${rule.zone}`;
    case 'days':
      return `days ${rule.count} ${rule.from} ${rule.zone}`;
    case 'lifetime':
      return 'lifetime';
    default:
      // Not a rule; nothing is ever kept for it.
      return '';
  }
}

function within(at: number): InstantMs {
  return Math.min(Math.max(at, 0), INSTANT_MAX) as InstantMs;
}
