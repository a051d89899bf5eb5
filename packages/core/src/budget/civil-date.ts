/**
 * Civil dates: days of the calendar, without a time or a zone.
 *
 * A date is the number of days since 1970-01-01, so that arithmetic is plain addition. Gregorian throughout.
 */

/** A day in milliseconds, where no clock is put forward or back. */
export const DAY_MS = 86_400_000;

/** A date in its parts; `month` is 1 … 12. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The number of a date. A month or day outside its range runs over into the years or months around it. */
export function dayNumber(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** The last date that Bursar knows: 9999-12-31. */
export const DAY_MAX: number = dayNumber(9999, 12, 31);

/** The parts of the date `number`. */
export function civilDate(number: number): CivilDate {
  const date = new Date(number * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
  };
}

/** How many days the month has: 28 … 31. */
export function monthLength(year: number, month: number): number {
  return civilDate(dayNumber(year, month + 1, 0)).day;
}

/** The date written as `2026-11-05`. */
export function formatDate(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;

/** The number of the date `text`, written like `2026-11-05`, from 1970 on; nothing for what is no such date. */
export function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const number = dayNumber(Number(match[1]), Number(match[2]), Number(match[3]));
  return number >= 0 && formatDate(number) === text ? number : undefined;
}
