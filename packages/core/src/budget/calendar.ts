/**
 * The calendar: how rules that count in days cut the dates into cells.
 *
 * Pure arithmetic on dates, without a zone: which cell a date is in, where the next begins, how it is called.
 * Cells follow each other without gaps, before 1970 as after it.
 */
import { assert } from '../assert.ts';
import { civilDate, dayNumber, formatDate, monthLength, parseDate } from './civil-date.ts';
import { type PeriodRule, WEEKDAYS } from './period-rule.ts';

/** Rules whose periods begin with a date. */
export type CalendarRule = Exclude<PeriodRule, { every: 'hour' | 'lifetime' }>;

/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = WEEKDAYS.indexOf('thursday');

/** The first day of the cell that `day` is in. */
export function cellAt(rule: CalendarRule, day: number): number {
  switch (rule.every) {
    case 'day':
      return day;
    case 'week':
      return (
        day -
        modulo(day + EPOCH_WEEKDAY - WEEKDAYS.indexOf(rule.startsOn ?? 'monday'), WEEKDAYS.length)
      );
    case 'month': {
      const { year, month } = civilDate(day);
      const start = monthStart(year, month, rule.anchorDay);
      return start <= day ? start : monthStart(year, month - 1, rule.anchorDay);
    }
    case 'quarter': {
      const { year, month } = civilDate(day);
      return dayNumber(year, month - ((month - 1) % 3), 1);
    }
    case 'year':
      return dayNumber(civilDate(day).year, 1, 1);
    case 'days': {
      return day - modulo(day - anchorOf(rule.from), rule.count);
    }
  }
}

/** The first day of the cell after the one that begins on `start`. */
export function cellAfter(rule: CalendarRule, start: number): number {
  switch (rule.every) {
    case 'day':
      return start + 1;
    case 'week':
      return start + WEEKDAYS.length;
    case 'month': {
      const { year, month } = civilDate(start);
      return monthStart(year, month + 1, rule.anchorDay);
    }
    case 'quarter': {
      const { year, month } = civilDate(start);
      return dayNumber(year, month + 3, 1);
    }
    case 'year':
      return dayNumber(civilDate(start).year + 1, 1, 1);
    case 'days':
      return start + rule.count;
  }
}

/**
 * The name of the cell that begins on `start`. It tells the interval of dates by itself, whatever the rule:
 * two rules that share a name mean the same dates by it. Names of one rule sort like the cells.
 */
export function cellName(rule: CalendarRule, start: number): string {
  const date = formatDate(start);
  switch (rule.every) {
    case 'day':
      return date;
    case 'week':
      return `${date}.week`;
    case 'month': {
      const anchor = rule.anchorDay ?? 1;
      return anchor === 1 ? date.slice(0, 7) : `${date.slice(0, 7)}.from${anchor}`;
    }
    case 'quarter':
      return `${date.slice(0, 4)}-Q${(civilDate(start).month + 2) / 3}`;
    case 'year':
      return date.slice(0, 4);
    case 'days':
      return `${date}.${rule.count}days`;
  }
}

const NAME = /^([0-9]{4})(?:-Q([1-4])|-([0-9]{2})(?:-([0-9]{2}))?)?(?![0-9])/;

/**
 * The first day of the cell that `name` could be the beginning of the name of; nothing if it cannot be one.
 * Whether it really is one is for the caller to compare.
 */
export function cellNamed(rule: CalendarRule, name: string): number | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = match[2] === undefined ? Number(match[3] ?? 1) : Number(match[2]) * 3 - 2;
  // The cell of a month is named after the month that it begins in, so its last day is in the cell.
  const day = match[4] === undefined ? monthLength(year, month) : Number(match[4]);
  return cellAt(rule, dayNumber(year, month, day));
}

function monthStart(year: number, month: number, anchorDay = 1): number {
  const first = dayNumber(year, month, 1);
  const { year: y, month: m } = civilDate(first);
  return first + Math.min(anchorDay, monthLength(y, m)) - 1;
}

function anchorOf(from: string): number {
  const anchor = parseDate(from);
  assert(anchor !== undefined, 'the anchor of a checked rule is a date');
  return anchor;
}

/** The remainder that is never negative. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
