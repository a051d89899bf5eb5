/** Generators of usages, prices and reports. Every property of this folder runs with the same seed. */
import fc from 'fast-check';
import { CATALOGUE, CATALOGUE_VERSION } from '../../src/pricing/catalogue/index.ts';
import type { NanoUsdPerMillion, Price } from '../../src/pricing/price.ts';
import { USAGE_CLASS_NAMES, type UsageClass } from '../../src/pricing/usage-class.ts';
import type { Usage } from '../../src/pricing/usage.ts';

/** Reproducible runs; CI adds a random seed of its own. */
export const RUN = { seed: 20261123, numRuns: 500 } as const;

/** Every price of the catalogue, past ones too, and those that many models share only once. */
export const CATALOGUE_PRICES: readonly Price[] = [
  ...new Map(
    CATALOGUE.flatMap(({ provider, rows }) =>
      rows.flatMap(({ model, prices }) =>
        prices.map(({ effectiveFromMs: _from, dailyUtc: _hours, ...numbers }) => {
          const price = { model, provider, version: CATALOGUE_VERSION, ...numbers };
          return [JSON.stringify(numbers), price] as const;
        }),
      ),
    ),
  ).values(),
];

/** Sizes that matter: few, around the context tiers, many. */
export const tokens: fc.Arbitrary<number> = fc.oneof(
  fc.nat(3),
  fc.nat(5_000),
  fc.integer({ min: 271_990, max: 272_010 }),
  fc.nat(1_200_000),
);

/** A usage of some of `classes`. */
export function usageOf(classes: readonly UsageClass[]): fc.Arbitrary<Usage> {
  const fields = Object.fromEntries(classes.map((name) => [name, tokens]));
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Usage>;
}

const perMillion = fc.oneof(fc.constant(0), fc.nat(1_000_000), fc.nat(600_000_000_000));

/** Prices of every class, so that nothing is unpriced. */
const complete = fc.record(
  Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, perMillion])),
) as fc.Arbitrary<NanoUsdPerMillion>;

/** Prices of some classes. */
const some = fc.record(Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, perMillion])), {
  requiredKeys: [],
}) as fc.Arbitrary<NanoUsdPerMillion>;

/** Any price, with up to three context tiers that may be dearer or cheaper than the base. */
export const anyPrice: fc.Arbitrary<Price> = fc
  .record({
    nanoUsdPerMillion: complete,
    tiers: fc.uniqueArray(
      fc.record({ aboveInputTokens: fc.nat(1_000_000), nanoUsdPerMillion: some }),
      { maxLength: 3, selector: ({ aboveInputTokens }) => aboveInputTokens },
    ),
  })
  .map(({ nanoUsdPerMillion, tiers }) => ({
    model: 'any',
    version: 'test',
    nanoUsdPerMillion,
    contextTiers: tiers.sort((a, b) => a.aboveInputTokens - b.aboveInputTokens),
  }));
