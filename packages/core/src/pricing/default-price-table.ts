/**
 * The price table that Bursar comes with: every model of the catalogue, without overrides.
 *
 * An entry point of its own, so that whoever only meters does not load the prices of the whole world.
 */
import { CATALOGUE, CATALOGUE_DATE, CATALOGUE_VERSION } from './catalogue/index.ts';
import { createPriceTable, type PriceTable } from './price-table.ts';

/** Prices of all providers as of the version in its name. */
export const DEFAULT_PRICE_TABLE: PriceTable = createPriceTable({
  version: CATALOGUE_VERSION,
  date: CATALOGUE_DATE,
  providers: CATALOGUE,
});
