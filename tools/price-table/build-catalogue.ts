/** From the source to the price lists of all providers, in memory. */
import type { PriceRow, ProviderPrices } from '../../packages/core/src/pricing/price-table.ts';
import { checkPriceNumbers } from '../../packages/core/src/pricing/check-price.ts';
import { amend, withFreeModels } from './amendments.ts';
import { type ConversionNotes, priceRow } from './convert.ts';
import { type ProviderSpec, PROVIDERS } from './providers.ts';
import { withServiceTiers } from './service-tiers.ts';
import type { SourceProvider } from './source-catalogue.ts';

/** What came out. */
export interface BuiltCatalogue {
  /** In the order of `PROVIDERS`. */
  readonly providers: readonly ProviderPrices[];
  readonly notes: ConversionNotes;
}

/** Builds the price lists. Throws, naming the model, for anything that cannot be said exactly. */
export function buildCatalogue(source: readonly SourceProvider[]): BuiltCatalogue {
  const notes: ConversionNotes = { leftOut: [], rounded: [] };
  const known = new Set(PROVIDERS.map(({ id }) => id));
  for (const { id } of source) {
    if (!known.has(id)) throw new Error(`the source has a new provider ${id}: add it to PROVIDERS`);
  }
  const providers = PROVIDERS.map((spec) => {
    const found = source.find(({ id }) => id === spec.id);
    if (found === undefined) throw new Error(`the source has no provider ${spec.id} any more`);
    return providerPrices(spec, found, notes);
  });
  return { providers, notes };
}

function providerPrices(
  { id, aliases, isImplied, amendments = [], withheld = {}, serviceTiers = [] }: ProviderSpec,
  { models, fallback_model_providers: chargesLike }: SourceProvider,
  notes: ConversionNotes,
): ProviderPrices {
  for (const [model, reason] of Object.entries(withheld)) {
    if (!models.some((known) => known.id === model)) {
      throw new Error(`the source has no ${model} of ${id} any more: do not withhold it`);
    }
    notes.leftOut.push(`${id}: ${model}: ${reason}`);
  }
  const rows = withFreeModels(amend(models, amendments))
    .filter((model) => withheld[model.id] === undefined)
    .map((model) => priceRow(id, model, notes))
    .filter((row): row is PriceRow => row !== undefined);
  const priced = withServiceTiers(rows, serviceTiers);
  for (const { model, prices } of priced) {
    for (const price of prices) checkPriceNumbers(price, `${id}:${model}`);
  }
  return {
    provider: id,
    ...(aliases !== undefined && { aliases }),
    ...(isImplied !== undefined && { isImplied }),
    ...(chargesLike !== undefined && { chargesLike }),
    rows: priced,
  };
}
