/** The price table that Bursar comes with: every model of the catalogues, without overrides. */
import { OPENAI_PRICES, OPENAI_PRICES_VERSION } from './catalogue/openai.ts';
import { createPriceTable, type PriceTable } from './price-table.ts';

/** Prices of OpenAI's models as of the version in its name. */
export const DEFAULT_PRICE_TABLE: PriceTable = createPriceTable({
  version: OPENAI_PRICES_VERSION,
  rows: OPENAI_PRICES,
});
