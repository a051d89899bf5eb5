/**
 * Reading what providers report: numbers that nobody has checked, made into usage that can be charged, with
 * a list of everything that was wrong with them and what was made of it.
 *
 * A total that is absurd (negative, not a number, more than any call can use) makes the whole report
 * unbelievable: it has no usage, and the call is settled by estimate. A part that is absurd or contradicts
 * its total is bounded so that nothing is undercharged: the larger number counts, and no discount is given.
 */
import type { ServiceTier } from './service-tier.ts';
import type { UsageClass } from './usage-class.ts';
import type { Usage } from './usage.ts';

/** Most tokens of one class that a report is believed about; a hundred times the longest context there is. */
export const TOKENS_PER_CALL_MAX = 1_000_000_000;

/** What can be wrong with a number of a report. */
export type UsageProblemKind =
  | 'not_a_number'
  | 'negative'
  | 'fractional'
  | 'too_large'
  | 'exceeds_total'
  | 'missing_from_parts'
  | 'unknown_name';

/** One thing that is wrong with a report. */
export interface UsageProblem {
  readonly kind: UsageProblemKind;
  /** Where in the report: `prompt_tokens_details.cached_tokens`. */
  readonly field: string;
  /** What stands there, as a text of at most 40 characters. */
  readonly given: string;
  /** The number that was used instead; `null` when the whole report is not believed. */
  readonly used: number | null;
}

/** What a report says. */
export interface UsageReading {
  /** Disjoint classes; `undefined` when there is no report, or none to believe: settle by estimate then. */
  readonly usage: Usage | undefined;
  /** How the call was served, where the report says so. */
  readonly serviceTier: ServiceTier | undefined;
  readonly problems: readonly UsageProblem[];
}

/** The shapes in which providers report usage. */
export type UsageStyle = 'openai' | 'anthropic' | 'google' | 'generic';

/** Nothing to read. */
export const NO_READING: UsageReading = { usage: undefined, serviceTier: undefined, problems: [] };

/** An object of a report. */
export type Report = Readonly<Record<string, unknown>>;

/** Units by class, while they are being taken apart. */
export type Counts = { [K in UsageClass]?: number };

/** Reads the numbers of one report and keeps what is wrong with them. */
export class ReportReader {
  readonly problems: UsageProblem[] = [];

  /** Whether no total was absurd. */
  get isBelievable(): boolean {
    return this.problems.every(({ used }) => used !== null);
  }

  /** A total. Absent counts as `undefined`; absurd does too, and spoils the report. */
  total(report: Report, name: string): number | undefined {
    const value = report[name];
    if (value === undefined || value === null) return undefined;
    const kind = problemOf(value);
    if (kind === undefined) return value as number;
    const used = kind === 'fractional' ? Math.ceil(value as number) : null;
    this.note(kind, name, value, used);
    return used ?? undefined;
  }

  /** A part of a total; 0 when it is absent or absurd. `path` is where `report` stands, with its dot. */
  part(report: Report, name: string, path = ''): number {
    const value = report[name];
    if (value === undefined || value === null) return 0;
    const kind = problemOf(value);
    if (kind === undefined) return value as number;
    const used = kind === 'fractional' ? Math.ceil(value as number) : 0;
    this.note(kind, `${path}${name}`, value, used);
    return used;
  }

  /** Notes that something is wrong. */
  note(kind: UsageProblemKind, field: string, given: unknown, used: number | null): void {
    this.problems.push({ kind, field, given: shown(given), used });
  }

  /** The reading of `counts`, unless they are not to be believed. */
  reading(counts: Counts, serviceTier: ServiceTier | undefined): UsageReading {
    const usage = this.isBelievable ? withoutZeros(counts) : undefined;
    return { usage, serviceTier, problems: this.problems };
  }
}

/** `value` as an object of a report; empty when it is none. */
export function reportOf(value: unknown): Report {
  return typeof value === 'object' && value !== null ? (value as Report) : {};
}

/** The items of `value`; none when it is no list. */
export function itemsOf(value: unknown): readonly Report[] {
  return Array.isArray(value) ? value.map(reportOf) : [];
}

/** Hands out at most `available` in total: each call gets what it wants, or what is left. */
export function takerOf(available: number): (wanted: number) => number {
  let left = available;
  return (wanted) => {
    const taken = Math.min(wanted, left);
    left -= taken;
    return taken;
  };
}

/** The sum of all counts. */
export function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `counts` as usage. */
export function withoutZeros(counts: Counts): Usage {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)) as Usage;
}

function problemOf(value: unknown): UsageProblemKind | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'not_a_number';
  if (value < 0) return 'negative';
  if (value > TOKENS_PER_CALL_MAX) return 'too_large';
  return Number.isInteger(value) ? undefined : 'fractional';
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 40);
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}
