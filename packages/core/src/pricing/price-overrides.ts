/**
 * An operator's own prices, layered on a table.
 *
 * The version of the result is made from the version of the catalogue and the content of the overrides:
 * the same prices give the same version on every server, and any change gives another.
 */
import { BursarError } from '../errors.ts';
import { INSTANT_MAX } from '../time.ts';
import { checkPriceNumbers } from './check-price.ts';
import { comparableModel, MODEL_LENGTH_MAX } from './model-match.ts';
import {
  createPriceTable,
  type DatedPrice,
  type OwnPrice,
  type PriceOverride,
  type PriceTable,
} from './price-table.ts';

/** Most models with prices of their own, and most dated prices of one of them. */
const OVERRIDES_MAX = 10_000;
const DATED_PRICES_MAX = 100;

/**
 * `table` with `overrides` before everything it has. A model that was overridden before is overridden anew,
 * all its prices together. Throws `input_invalid`, naming the field, for an override that is malformed or
 * named twice, and for one that charges a model as another without a price.
 */
export function withOverrides(table: PriceTable, overrides: readonly PriceOverride[]): PriceTable {
  if (overrides.length > OVERRIDES_MAX) {
    throw invalid('overrides', `must be at most ${OVERRIDES_MAX} models`);
  }
  const added = new Map<string, PriceOverride>();
  overrides.forEach((override, index) => {
    const checked = checkOverride(override, `overrides.${index}`);
    if (added.has(checked.model)) throw invalid(`overrides.${index}.model`, 'names a model twice');
    added.set(checked.model, checked);
  });
  const merged = new Map(
    (table.source.overrides ?? []).map((override) => [override.model, override]),
  );
  for (const [model, override] of added) merged.set(model, override);
  if (merged.size === 0) return table;
  const sorted = [...merged.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  const catalogueVersion = table.version.replace(/\+overrides\..*$/, '');
  const result = createPriceTable({
    ...table.source,
    version: `${catalogueVersion}+overrides.${digest(canonical(sorted))}`,
    overrides: sorted,
  });
  overrides.forEach((override, index) => {
    if ('chargeAs' in override) checkTarget(override.chargeAs, result, `overrides.${index}`);
  });
  return result;
}

function checkOverride(override: PriceOverride, field: string): PriceOverride {
  const model = comparableModel(override.model);
  if (model === undefined) {
    throw invalid(`${field}.model`, `must be a model id of 1 to ${MODEL_LENGTH_MAX} characters`);
  }
  if ('chargeAs' in override) return { model, chargeAs: override.chargeAs };
  return { model, prices: checkPrices(override.prices, field) };
}

function checkPrices(prices: OwnPrice['prices'], field: string): OwnPrice['prices'] {
  if (prices.length === 0 || prices.length > DATED_PRICES_MAX) {
    throw invalid(`${field}.prices`, `must be 1 to ${DATED_PRICES_MAX} prices`);
  }
  let previous = -1;
  return prices.map((price, index): DatedPrice => {
    const path = `${field}.prices.${index}`;
    const effectiveFromMs = price.effectiveFromMs ?? 0;
    if (!Number.isSafeInteger(effectiveFromMs) || effectiveFromMs > INSTANT_MAX) {
      throw invalid(`${path}.effectiveFromMs`, 'must be whole milliseconds since 1970');
    }
    if (effectiveFromMs <= previous)
      throw invalid(`${path}.effectiveFromMs`, 'must ascend from 0 on');
    previous = effectiveFromMs;
    const numbers = checkPriceNumbers(price, path);
    return price.effectiveFromMs === undefined ? numbers : { effectiveFromMs, ...numbers };
  });
}

/** One step only: who is charged as a model that is charged as a third one is a riddle, or a circle. */
function checkTarget(chargeAs: string, table: PriceTable, field: string): void {
  const model = comparableModel(chargeAs);
  const isFallback = (table.source.overrides ?? []).some(
    (override) => 'chargeAs' in override && override.model === model,
  );
  if (isFallback)
    throw invalid(`${field}.chargeAs`, 'names a model that is charged as another one');
  if (table.lookup(chargeAs, INSTANT_MAX) === undefined) {
    throw invalid(
      `${field}.chargeAs`,
      `names ${JSON.stringify(chargeAs.slice(0, 80))}, for which no price is known`,
    );
  }
}

/** JSON with the keys of every object in order, so that equal contents are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/**
 * FNV-1a with 64 bits over UTF-16 code units, as 16 hexadecimal digits. It names a version and guards
 * nothing (the prices themselves are pinned), so it need not be cryptographic, which core could not compute.
 */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
