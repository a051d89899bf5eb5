import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount } from '../../src/amount.ts';
import { cost } from '../../src/pricing/cost.ts';
import { estimate, largestOutputFitting } from '../../src/pricing/estimate.ts';
import { type Price, priceOf } from '../../src/pricing/price.ts';
import type { ServiceTier } from '../../src/pricing/service-tier.ts';
import {
  USAGE_CLASS_NAMES,
  USAGE_CLASSES,
  type UsageClass,
} from '../../src/pricing/usage-class.ts';
import { totalInputTokens, totalOutputTokens, type Usage } from '../../src/pricing/usage.ts';
import { anyPrice, CATALOGUE_PRICES, RUN, tokens, usageOf } from './arbitraries.ts';
import { randomUsages, seeded } from './seeded-usage.ts';

/** Bounds that `usage` stays within, larger by `slack`. */
function boundsOf(usage: Usage, price: Price, slack: number) {
  return {
    price,
    inputTokens: totalInputTokens(usage) + (hasPrice(price, 'input') ? slack : 0),
    outputTokensMax: totalOutputTokens(usage) + (hasPrice(price, 'output') ? slack : 0),
    otherUnitsMax: Object.fromEntries(
      USAGE_CLASS_NAMES.filter((name) => USAGE_CLASSES[name].side === 'other').map((name) => [
        name,
        usage[name] ?? 0,
      ]),
    ),
  };
}

function priced(price: Price): readonly UsageClass[] {
  return USAGE_CLASS_NAMES.filter((name) => priceOf(price.nanoUsdPerMillion, name) !== undefined);
}

function hasPrice(price: Price, side: 'input' | 'output'): boolean {
  return priced(price).some((name) => USAGE_CLASSES[name].side === side);
}

const anyCall = anyPrice.chain((price) =>
  fc.record({ price: fc.constant(price), usage: usageOf(priced(price)), slack: tokens }),
);

describe('a call never costs more than its estimate', () => {
  test('at any price, with tiers that rise or fall', () => {
    fc.assert(
      fc.property(anyCall, ({ price, usage, slack }) => {
        expect(cost(usage, price)).toBeLessThanOrEqual(estimate(boundsOf(usage, price, slack)));
      }),
      { ...RUN, numRuns: 2_000 },
    );
  });

  test('at the prices of every model of the catalogue, in every service tier that it has', () => {
    const random = seeded(20_261_125);
    const dearer: string[] = [];
    for (const price of CATALOGUE_PRICES) {
      const thresholds = (price.contextTiers ?? []).map((tier) => tier.aboveInputTokens);
      const next = randomUsages(priced(price), thresholds, random);
      const tiers = ['standard', ...Object.keys(price.serviceTiers ?? {})] as ServiceTier[];
      for (const serviceTier of tiers) {
        for (let index = 0; index < 20; index += 1) {
          const usage = next();
          const bounds = { ...boundsOf(usage, price, index * index), serviceTier };
          if (cost(usage, price, serviceTier) > estimate(bounds)) {
            dearer.push(`${price.model} ${serviceTier} ${JSON.stringify(usage)}`);
          }
        }
      }
    }
    expect(dearer).toEqual([]);
  });

  test('also when only the classes of the call are assumed', () => {
    fc.assert(
      fc.property(anyCall, ({ price, usage, slack }) => {
        const used = USAGE_CLASS_NAMES.filter((name) => (usage[name] ?? 0) > 0);
        const bounds = boundsOf(usage, price, slack);
        const classes = [...used, 'inputTokens', 'outputTokens'] as const;
        expect(cost(usage, price)).toBeLessThanOrEqual(estimate({ ...bounds, classes }));
        expect(estimate({ ...bounds, classes })).toBeLessThanOrEqual(estimate(bounds));
      }),
      RUN,
    );
  });
});

describe('the estimate', () => {
  test('never falls when a bound grows', () => {
    fc.assert(
      fc.property(anyPrice, tokens, tokens, tokens, (price, inputTokens, outputTokensMax, more) => {
        const call = { price, inputTokens, outputTokensMax };
        const base = estimate(call);
        expect(estimate({ ...call, inputTokens: inputTokens + more })).toBeGreaterThanOrEqual(base);
        expect(
          estimate({ ...call, outputTokensMax: outputTokensMax + more }),
        ).toBeGreaterThanOrEqual(base);
      }),
      RUN,
    );
  });

  test('is reached: some call within the bounds costs exactly that', () => {
    fc.assert(
      fc.property(anyPrice, tokens, tokens, (price, inputTokens, outputTokensMax) => {
        const lengths = [
          inputTokens,
          ...(price.contextTiers ?? []).map((tier) => tier.aboveInputTokens),
        ];
        const inputs = USAGE_CLASS_NAMES.filter((name) => USAGE_CLASSES[name].side === 'input');
        const outputs = USAGE_CLASS_NAMES.filter((name) => USAGE_CLASSES[name].side === 'output');
        let dearest = 0;
        for (const length of lengths.filter((candidate) => candidate <= inputTokens)) {
          for (const i of inputs) {
            for (const o of outputs) {
              dearest = Math.max(dearest, cost({ [i]: length, [o]: outputTokensMax }, price));
            }
          }
        }
        expect(estimate({ price, inputTokens, outputTokensMax })).toBe(dearest);
      }),
      { ...RUN, numRuns: 200 },
    );
  });
});

describe('largestOutputFitting', () => {
  test('fits, and one token more does not', () => {
    fc.assert(
      fc.property(
        anyPrice,
        tokens,
        tokens,
        fc.nat(2_000_000_000).map((value) => amount(value)),
        (price, inputTokens, outputTokensMax, available) => {
          const call = { price, inputTokens, outputTokensMax };
          const fitting = largestOutputFitting(available, call);
          expect(fitting).toBeLessThanOrEqual(outputTokensMax);
          if (fitting > 0) {
            expect(estimate({ ...call, outputTokensMax: fitting })).toBeLessThanOrEqual(available);
          }
          if (fitting < outputTokensMax) {
            expect(estimate({ ...call, outputTokensMax: fitting + 1 })).toBeGreaterThan(available);
          }
        },
      ),
      { ...RUN, numRuns: 2_000 },
    );
  });
});
