/**
 * A whole price table as JSON: what `bursar prices show --json` prints, for comparing the tables of two
 * versions of Bursar, or of two servers.
 */
import { BursarError } from '../errors.ts';
import { checkPriceNumbers } from './check-price.ts';
import type { DatedPrice, PriceRow, PriceTable, ProviderPrices } from './price-table.ts';

/** A table in the form of JSON. */
export interface PriceSnapshot {
  readonly version: string;
  readonly date?: string;
  readonly providers: readonly ProviderPrices[];
}

/** `table` as a snapshot; without the operator's own prices, which are a file already. */
export function priceSnapshotOf({ source }: PriceTable): PriceSnapshot {
  const { version, date, providers = [] } = source;
  return {
    version: version.replace(/\+overrides\..*$/, ''),
    ...(date !== undefined && { date }),
    providers,
  };
}

/** Whether `value`, which is parsed JSON, is meant to be a snapshot and not a prices file. */
export function isPriceSnapshot(value: unknown): boolean {
  return isObject(value) && Array.isArray(value['providers']);
}

/** The snapshot in `value`. Throws `input_invalid`, naming the field. Patterns are taken as they are. */
export function parsePriceSnapshot(value: unknown, field = 'snapshot'): PriceSnapshot {
  const { version, date, providers } = objectOf(value, field);
  return {
    version: textOf(version, `${field}.version`),
    ...(date !== undefined && { date: textOf(date, `${field}.date`) }),
    providers: listOf(providers, `${field}.providers`).map((item, index): ProviderPrices => {
      const path = `${field}.providers.${index}`;
      const { provider, rows } = objectOf(item, path);
      return {
        provider: textOf(provider, `${path}.provider`),
        rows: listOf(rows, `${path}.rows`).map((row, at) => rowOf(row, `${path}.rows.${at}`)),
      };
    }),
  };
}

function rowOf(value: unknown, field: string): PriceRow {
  const { model, ids, patterns, prices } = objectOf(value, field);
  return {
    model: textOf(model, `${field}.model`),
    ids: listOf(ids, `${field}.ids`).map((id, index) => textOf(id, `${field}.ids.${index}`)),
    ...(patterns !== undefined && {
      patterns: listOf(patterns, `${field}.patterns`) as NonNullable<PriceRow['patterns']>,
    }),
    prices: listOf(prices, `${field}.prices`).map((price, index) =>
      datedPriceOf(price, `${field}.prices.${index}`),
    ),
  };
}

function datedPriceOf(value: unknown, field: string): DatedPrice {
  const { effectiveFromMs, dailyUtc } = objectOf(value, field);
  return {
    ...checkPriceNumbers(value, field),
    ...(effectiveFromMs !== undefined && {
      effectiveFromMs: millisecondsOf(effectiveFromMs, `${field}.effectiveFromMs`),
    }),
    ...(dailyUtc !== undefined && { dailyUtc: hoursOf(dailyUtc, `${field}.dailyUtc`) }),
  };
}

function hoursOf(value: unknown, field: string): NonNullable<DatedPrice['dailyUtc']> {
  const { fromMs, untilMs } = objectOf(value, field);
  return {
    fromMs: millisecondsOf(fromMs, `${field}.fromMs`),
    untilMs: millisecondsOf(untilMs, `${field}.untilMs`),
  };
}

function millisecondsOf(value: unknown, field: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalid(field, 'must be whole milliseconds');
}

function textOf(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(field, 'must be a text');
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(field, 'must be a list');
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw invalid(field, 'must be an object');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
