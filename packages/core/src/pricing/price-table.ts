/**
 * The price table: which price applies to a model at an instant.
 *
 * Overrides come before the catalogue; in the catalogue an exact id or a pattern of the earliest row wins.
 * What no row matches is unknown, and unknown is never free: `priceOrThrow` refuses it.
 */
import { BursarError } from '../errors.ts';
import type { InstantMs } from '../time.ts';
import { comparableModel, matches, type ModelPattern } from './model-match.ts';
import type { Price, PriceNumbers } from './price.ts';

/** Prices from an instant on. */
export type DatedPrice = PriceNumbers & {
  /** First instant of the price, in milliseconds since 1970; absent: since ever. */
  readonly effectiveFromMs?: number;
};

/** Prices of one model. */
export interface PriceRow {
  readonly model: string;
  /** Ids that are this model, in the form of `comparableModel`. */
  readonly ids: readonly string[];
  /** Further ids, by pattern. */
  readonly patterns?: readonly ModelPattern[];
  /** In ascending order of `effectiveFromMs`. */
  readonly prices: readonly DatedPrice[];
}

/** Prices that come before the catalogue's, for one exact model id. */
export interface PriceOverride {
  readonly model: string;
  /** In ascending order of `effectiveFromMs`; before the first of them the catalogue's price applies. */
  readonly prices: readonly DatedPrice[];
}

/** What a table is made of. */
export interface PriceTableSource {
  /** Names the table and everything in it. */
  readonly version: string;
  readonly rows: readonly PriceRow[];
  readonly overrides?: readonly PriceOverride[];
}

/** Prices by model and instant. Immutable. */
export interface PriceTable {
  readonly version: string;
  readonly source: PriceTableSource;
  /** The price of `model` at `atMs`, complete and fit to be pinned; `undefined` when none is known. */
  lookup(model: string, atMs: InstantMs): Price | undefined;
}

/** Where a pattern stands among the rows, so that the earliest row wins whichever way it matched. */
interface PatternEntry {
  readonly pattern: ModelPattern;
  readonly rowIndex: number;
}

/** A table over `source`. */
export function createPriceTable(source: PriceTableSource): PriceTable {
  const { version, rows, overrides = [] } = source;
  const overridden = new Map(
    overrides.map(({ model, prices }) => [comparableModel(model), prices]),
  );
  const rowByExactId = new Map<string, number>();
  const patterns: PatternEntry[] = [];
  rows.forEach(({ ids, patterns: rowPatterns = [] }, rowIndex) => {
    for (const id of ids) if (!rowByExactId.has(id)) rowByExactId.set(id, rowIndex);
    for (const pattern of rowPatterns) patterns.push({ pattern, rowIndex });
  });

  function catalogueRow(id: string): PriceRow | undefined {
    const exact = rowByExactId.get(id) ?? rows.length;
    // Patterns are in row order, so the first hit is the earliest row that matches by pattern.
    const hit = patterns.find(({ rowIndex, pattern }) => rowIndex < exact && matches(pattern, id));
    return rows[hit?.rowIndex ?? exact];
  }

  function lookup(model: string, atMs: InstantMs): Price | undefined {
    const id = comparableModel(model);
    if (id === undefined) return undefined;
    const override = effective(overridden.get(id) ?? [], atMs);
    if (override !== undefined) return pinned(id, version, override);
    const row = catalogueRow(id);
    const price = effective(row?.prices ?? [], atMs);
    return row === undefined || price === undefined ? undefined : pinned(row.model, version, price);
  }

  return { version, source, lookup };
}

/** The price of `model` at `atMs`. Throws `price_unknown`, naming the model, when none is known. */
export function priceOrThrow(table: PriceTable, model: string, atMs: InstantMs): Price {
  const price = table.lookup(model, atMs);
  if (price !== undefined) return price;
  throw new BursarError('price_unknown', {
    field: 'model',
    message: `No price is known for the model ${JSON.stringify(model.slice(0, 80))}, so it cannot be spent on; add it to the price overrides (BURSAR_PRICES_FILE).`,
  });
}

function effective(prices: readonly DatedPrice[], atMs: InstantMs): DatedPrice | undefined {
  return prices.findLast(({ effectiveFromMs = 0 }) => effectiveFromMs <= atMs);
}

function pinned(model: string, version: string, price: PriceNumbers): Price {
  const { nanoUsdPerMillion, contextTiers } = price;
  return contextTiers === undefined
    ? { model, version, nanoUsdPerMillion }
    : { model, version, nanoUsdPerMillion, contextTiers };
}
