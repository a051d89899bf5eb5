import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cost, costLines } from '../../src/pricing/cost.ts';
import { USAGE_CLASS_NAMES } from '../../src/pricing/usage-class.ts';
import { anyPrice, RUN, tokens, usageOf } from './arbitraries.ts';

describe('cost of any usage at any price', () => {
  test('is the sum of its lines, rounded up once', () => {
    fc.assert(
      fc.property(usageOf(USAGE_CLASS_NAMES), anyPrice, (usage, price) => {
        let sum = 0n;
        for (const { units, nanoUsdPerMillion = 0 } of costLines(usage, price)) {
          sum += BigInt(units) * BigInt(nanoUsdPerMillion);
        }
        const charged = BigInt(cost(usage, price)) * 1_000_000n;
        expect(charged - sum).toBeGreaterThanOrEqual(0n);
        expect(charged - sum).toBeLessThan(1_000_000n);
      }),
      RUN,
    );
  });

  test('never falls when more of any class is used in the same tier', () => {
    fc.assert(
      fc.property(
        usageOf(USAGE_CLASS_NAMES),
        anyPrice,
        fc.constantFrom(...USAGE_CLASS_NAMES),
        tokens,
        (usage, { nanoUsdPerMillion }, name, more) => {
          const price = { nanoUsdPerMillion };
          const larger = { ...usage, [name]: (usage[name] ?? 0) + more };
          expect(cost(larger, price)).toBeGreaterThanOrEqual(cost(usage, price));
        },
      ),
      RUN,
    );
  });
});
