/**
 * Period rules: how a budget's time is cut into periods.
 *
 * Owns the rules, their check and their wording. Which period an instant falls into: `period.ts`.
 */
import { BursarError } from '../errors.ts';
import { parseDate } from './civil-date.ts';
import { zoneProblem } from './zone.ts';

/** A day of the week. */
export type Weekday =
  | 'monday'
  | 'tuesday'
  | 'wednesday'
  | 'thursday'
  | 'friday'
  | 'saturday'
  | 'sunday';

/** The days of the week, in ISO's order. */
export const WEEKDAYS: readonly Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
];

/** Longest period counted in days: a leap year. */
export const PERIOD_DAYS_MAX = 366;

/** How a budget's time is cut into periods. `zone` is a name of the IANA time zone database, e.g. `Europe/Berlin`. */
export type PeriodRule =
  | {
      /**
       * From one full hour on the clock to the next. Putting the clock forward or back also ends an hour, so
       * that an hour shown twice is two periods.
       */
      readonly every: 'hour';
      readonly zone: string;
    }
  | {
      /** Calendar days; 23 or 25 hours long when the clocks are changed. */
      readonly every: 'day';
      readonly zone: string;
    }
  | {
      readonly every: 'week';
      /** Its first day; Monday if not given. */
      readonly startsOn?: Weekday;
      readonly zone: string;
    }
  | {
      readonly every: 'month';
      /**
       * The day of the month on which it begins, 1 … 31; the 1st if not given. A month that is too short
       * for it begins on its last day: from the 31st, a period goes from 28 February to 30 March.
       */
      readonly anchorDay?: number;
      readonly zone: string;
    }
  | {
      /** Calendar quarters: from January, April, July and October. */
      readonly every: 'quarter';
      readonly zone: string;
    }
  | {
      readonly every: 'year';
      readonly zone: string;
    }
  | {
      /** `count` calendar days (1 … 366), counted from the date `from`, before it as well as after it. */
      readonly every: 'days';
      readonly count: number;
      /** The first day of one of the periods, written like `2026-11-05`, from 1970 on. */
      readonly from: string;
      readonly zone: string;
    }
  | {
      /** One period without an end. */
      readonly every: 'lifetime';
    };

/** Calendar months in UTC. */
export const MONTHLY_UTC: { readonly every: 'month'; readonly zone: 'UTC' } = {
  every: 'month',
  zone: 'UTC',
};

/** The fields that each kind of rule has, beside `every`. */
const FIELDS: Readonly<Record<PeriodRule['every'], readonly string[]>> = {
  hour: ['zone'],
  day: ['zone'],
  week: ['zone', 'startsOn'],
  month: ['zone', 'anchorDay'],
  quarter: ['zone'],
  year: ['zone'],
  days: ['zone', 'count', 'from'],
  lifetime: [],
};

/** `value` as a period rule. Throws `period_invalid`, naming the field at fault below `field` and the fix. */
export function checkPeriodRule(value: unknown, field = 'period'): PeriodRule {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, 'must be an object such as {"every":"month","zone":"UTC"}');
  }
  const rule = value as Readonly<Record<string, unknown>>;
  const every = rule['every'];
  if (typeof every !== 'string' || !Object.hasOwn(FIELDS, every)) {
    throw invalid(`${field}.every`, `must be one of ${Object.keys(FIELDS).join(', ')}`);
  }
  const fields = FIELDS[every as PeriodRule['every']];
  for (const name of Object.keys(rule)) {
    if (name !== 'every' && !fields.includes(name)) {
      throw invalid(
        `${field}.${name.slice(0, 40)}`,
        `is no field of a rule with every "${every}"; ${fields.length === 0 ? 'it has none' : `the fields are ${fields.join(', ')}`}`,
      );
    }
  }
  for (const name of fields) {
    const problem = FIELD_PROBLEMS[name]?.(rule[name]);
    if (problem !== undefined) throw invalid(`${field}.${name}`, problem);
  }
  return value as PeriodRule;
}

const FIELD_PROBLEMS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  zone: zoneProblem,
  startsOn: (value) =>
    value === undefined || WEEKDAYS.some((day) => day === value)
      ? undefined
      : `must be one of ${WEEKDAYS.join(', ')}`,
  anchorDay: (value) =>
    value === undefined || isWithin(value, 31) ? undefined : 'must be a whole number from 1 to 31',
  count: (value) =>
    isWithin(value, PERIOD_DAYS_MAX)
      ? undefined
      : `must be a whole number of days from 1 to ${PERIOD_DAYS_MAX}`,
  from: (value) =>
    typeof value === 'string' && parseDate(value) !== undefined
      ? undefined
      : 'must be a date from 1970-01-01 to 9999-12-31, written like 2026-11-05',
};

function isWithin(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

/** The rule in words, to follow "each" or "a": `calendar month`, `week from sunday in Asia/Tokyo`. */
export function describePeriodRule(rule: PeriodRule): string {
  switch (rule.every) {
    case 'hour':
      return `hour${inZone(rule.zone)}`;
    case 'day':
      return `day${inZone(rule.zone)}`;
    case 'week':
      return `week from ${rule.startsOn ?? 'monday'}${inZone(rule.zone)}`;
    case 'month':
      return (rule.anchorDay ?? 1) === 1
        ? `calendar month${inZone(rule.zone)}`
        : `month from day ${rule.anchorDay}${inZone(rule.zone)}`;
    case 'quarter':
      return `calendar quarter${inZone(rule.zone)}`;
    case 'year':
      return `calendar year${inZone(rule.zone)}`;
    case 'days':
      return `period of ${rule.count} days counted from ${rule.from}${inZone(rule.zone)}`;
    case 'lifetime':
      return 'lifetime';
  }
}

function inZone(zone: string): string {
  return zone === 'UTC' ? '' : ` in ${zone}`;
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('period_invalid', { field, message: `${field} ${problem}` });
}
