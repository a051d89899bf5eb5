/**
 * Periods: the calendar intervals of budgets.
 *
 * Decides which period an instant falls into, under which id, and where it ends. A period is part of its
 * account's id, so a new month is a new account and nothing is ever reset. The rule is a union with one
 * member today, a calendar month in UTC; other lengths and zones join it without changing any id.
 */
import { BursarError } from '../errors.ts';
import { INSTANT_MAX, type InstantMs } from '../time.ts';

/** How a budget's time is cut into periods. */
export type PeriodRule = { readonly every: 'month'; readonly zone: 'UTC' };

/** Calendar months in UTC. */
export const MONTHLY_UTC: PeriodRule = { every: 'month', zone: 'UTC' };

/** One interval of a rule: starts at `startAtMs` (inclusive), ends at `endAtMs` (exclusive). */
export interface Period {
  /** Unique within the budget and sortable: `2026-11`. */
  readonly id: string;
  readonly startAtMs: InstantMs;
  readonly endAtMs: InstantMs;
}

/** The period of `rule` that contains `at`. */
export function periodAt(rule: PeriodRule, at: InstantMs): Period {
  switch (rule.every) {
    case 'month': {
      const date = new Date(at);
      return calendarMonth(date.getUTCFullYear(), date.getUTCMonth());
    }
  }
}

/** The period of `rule` named `id`. Throws `period_invalid` when `rule` has no such period. */
export function periodNamed(rule: PeriodRule, id: string): Period {
  switch (rule.every) {
    case 'month': {
      const match = /^([0-9]{4})-(0[1-9]|1[0-2])$/.exec(id);
      const year = Number(match?.[1]);
      if (match === null || year < 1970) {
        throw new BursarError('period_invalid', {
          field: 'period',
          message: 'period must be a calendar month from 1970-01 to 9999-12, written like 2026-11',
        });
      }
      return calendarMonth(year, Number(match[2]) - 1);
    }
  }
}

function calendarMonth(year: number, monthIndex: number): Period {
  const month = String(monthIndex + 1).padStart(2, '0');
  return {
    id: `${String(year).padStart(4, '0')}-${month}`,
    startAtMs: Date.UTC(year, monthIndex) as InstantMs,
    // The last month Bursar knows ends with the last instant.
    endAtMs: Math.min(Date.UTC(year, monthIndex + 1), INSTANT_MAX) as InstantMs,
  };
}
