/** The operator's own prices, from the file that BURSAR_PRICES_FILE names. */
import { readFile } from 'node:fs/promises';
import {
  BursarError,
  type InstantMs,
  parsePriceFile,
  type PriceTable,
  withPriceFile,
} from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';

/**
 * The catalogue with the prices in `path` before it; the catalogue alone for `null`. Throws `input_invalid`
 * or `amount_out_of_range`, naming the field in the file, also for prices that cannot be meant: see core's
 * `price-file.ts`.
 */
export async function readPrices(path: string | null, nowMs: InstantMs): Promise<PriceTable> {
  if (path === null) return DEFAULT_PRICE_TABLE;
  const file = parsePriceFile(await readJsonFile(path, 'BURSAR_PRICES_FILE'));
  return withPriceFile(DEFAULT_PRICE_TABLE, file, nowMs);
}

/** The JSON in the file `path`, which `field` names. Throws `input_invalid`. */
export async function readJsonFile(path: string, field: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new BursarError('input_invalid', {
      field,
      message: `${field} names ${path}, which cannot be read as JSON: ${(error as Error).message}.`,
      cause: error,
    });
  }
}
