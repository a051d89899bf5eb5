/**
 * The prices file of an operator, and whether it can be meant as it is written.
 *
 * ```json
 * {
 *   "date": "2026-12-01",
 *   "force": ["gpt-4o"],
 *   "models": { "my-model": { "inputTokens": "2.50", "outputTokens": "10" } }
 * }
 * ```
 *
 * A file without `models` is the models alone. `date` is the day on which its prices were last compared with
 * their vendors'; a file that is older than the catalogue is refused, because the catalogue may know better by
 * now. A price more than a hundred times as high or low as the one it replaces is refused too. `force` lets
 * through what is meant: the models that it names, or with `true` the whole file.
 */
import { BursarError } from '../errors.ts';
import { instant, type InstantMs } from '../time.ts';
import { formatUsd } from '../amount.ts';
import { parsePriceOverrides } from './parse-price-overrides.ts';
import { ABSURD_FACTOR, changesBetween, isAbsurd, type PriceChange } from './price-change.ts';
import { withOverrides } from './price-overrides.ts';
import type { PriceOverride, PriceTable } from './price-table.ts';

/** What a prices file says. */
export interface PriceFile {
  /** ISO date; absent when the file does not say. */
  readonly date?: string;
  /** `true`: everything in it is meant. */
  readonly force: true | readonly string[];
  readonly overrides: readonly PriceOverride[];
}

/** Why a file is refused. */
export interface PriceFileProblem {
  /** As in `prices.gpt-4o.inputTokens`. */
  readonly field: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** A model whose price the file changes, at the instant from which it does. */
export interface ModelChanges {
  readonly model: string;
  readonly atMs: InstantMs;
  readonly changes: readonly PriceChange[];
}

/** The file in `value`, which is parsed JSON. Throws `input_invalid` or `amount_out_of_range`, naming the field. */
export function parsePriceFile(value: unknown, field = 'prices'): PriceFile {
  if (!isObject(value) || !isObject(value['models'])) {
    return { force: [], overrides: parsePriceOverrides(value, field) };
  }
  const { date, force = [], models, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw invalid(`${field}.${other.slice(0, 40)}`, 'is unknown; there are date, force and models');
  }
  if (date !== undefined && !isDate(date)) {
    throw invalid(`${field}.date`, 'must be a date such as 2026-12-01');
  }
  if (
    force !== true &&
    !(Array.isArray(force) && force.every((name) => typeof name === 'string'))
  ) {
    throw invalid(`${field}.force`, 'must be a list of models, or true');
  }
  return {
    ...(date !== undefined && { date }),
    force: force as true | readonly string[],
    overrides: parsePriceOverrides(models, field),
  };
}

/** `table` with what `file` says. Throws `input_invalid` for the first of its problems. */
export function withPriceFile(table: PriceTable, file: PriceFile, nowMs: InstantMs): PriceTable {
  const result = withOverrides(table, file.overrides);
  const [problem] = priceFileProblems(table, file, nowMs);
  if (problem !== undefined) {
    throw new BursarError('input_invalid', { field: problem.field, message: problem.message });
  }
  return result;
}

/** Why `file` is refused on top of `table`; empty when it is not. Throws like `withOverrides`. */
export function priceFileProblems(
  table: PriceTable,
  file: PriceFile,
  nowMs: InstantMs,
): readonly PriceFileProblem[] {
  if (file.force === true) return [];
  const problems: PriceFileProblem[] = [];
  const { date: catalogueDate } = table.source;
  if (file.date !== undefined && catalogueDate !== undefined && file.date < catalogueDate) {
    problems.push({
      field: 'prices.date',
      message: `prices.date is ${file.date}, and the catalogue is of ${catalogueDate}: compare the prices of the file with it (bursar prices diff) and set the date, or take them out`,
    });
  }
  for (const { model, changes } of changesOf(table, file, nowMs)) {
    if (file.force.includes(model)) continue;
    for (const change of changes.filter(isAbsurd)) problems.push(absurd(model, change));
  }
  return problems;
}

/** What `file` changes, by model, at each instant from which a price of it applies, but not before `nowMs`. */
export function changesOf(
  table: PriceTable,
  file: PriceFile,
  nowMs: InstantMs,
): readonly ModelChanges[] {
  const result = withOverrides(table, file.overrides);
  return file.overrides.flatMap((override) => {
    const starts = 'prices' in override ? override.prices.map(startOf) : [0];
    const instants = new Set(starts.map((start) => instant(Math.max(start, nowMs))));
    return [...instants].map((atMs) => ({
      model: override.model,
      atMs,
      changes: changesBetween(
        table.lookup(override.model, atMs),
        result.lookup(override.model, atMs),
      ),
    }));
  });
}

function startOf({ effectiveFromMs = 0 }: { readonly effectiveFromMs?: number }): number {
  return effectiveFromMs;
}

function absurd(model: string, { what, before, after }: PriceChange): PriceFileProblem {
  const field = `prices.${model.slice(0, 80)}.${what}`;
  const usd = (nano: number | undefined): string => formatUsd(BigInt(nano ?? 0));
  return {
    field,
    message: `${field} is ${usd(after)} USD per million and was ${usd(before)}, which is more than ${ABSURD_FACTOR} times as much or as little: prices are per million units; if it is meant, name the model in "force"`,
  };
}

function isDate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
