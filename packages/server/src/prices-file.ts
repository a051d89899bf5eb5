/** The operator's own prices, from the file that BURSAR_PRICES_FILE names. */
import { readFile } from 'node:fs/promises';
import {
  BursarError,
  DEFAULT_PRICE_TABLE,
  parsePriceOverrides,
  type PriceTable,
  withOverrides,
} from '@bursar/core';

/**
 * The catalogue with the prices in `path` before it; the catalogue alone for `null`. Throws `input_invalid`
 * or `amount_out_of_range`, naming the field in the file.
 */
export async function readPrices(path: string | null): Promise<PriceTable> {
  if (path === null) return DEFAULT_PRICE_TABLE;
  return withOverrides(DEFAULT_PRICE_TABLE, parsePriceOverrides(await readJson(path)));
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new BursarError('input_invalid', {
      field: 'BURSAR_PRICES_FILE',
      message: `BURSAR_PRICES_FILE names ${path}, which cannot be read as JSON: ${(error as Error).message}.`,
      cause: error,
    });
  }
}
