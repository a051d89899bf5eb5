/** Many calls priced together: as exact as each by itself, and within the bound that was set aside for them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BatchPart, cost, costOfBatch } from '../../src/pricing/cost.ts';
import { estimate } from '../../src/pricing/estimate.ts';
import { type Price, priceOf } from '../../src/pricing/price.ts';
import { USAGE_CLASS_NAMES, USAGE_CLASSES } from '../../src/pricing/usage-class.ts';
import {
  addUsage,
  totalInputTokens,
  totalOutputTokens,
  type Usage,
} from '../../src/pricing/usage.ts';
import { anyPrice, RUN, usageOf } from './arbitraries.ts';

const anyBatch = anyPrice.chain((price) => {
  const classes = USAGE_CLASS_NAMES.filter(
    (name) =>
      USAGE_CLASSES[name].side !== 'other' && priceOf(price.nanoUsdPerMillion, name) !== undefined,
  );
  const calls = fc.array(usageOf(classes), { minLength: 1, maxLength: 8 });
  return fc.record({ price: fc.constant<Price>(price), calls });
});

const alone = (usage: Usage): BatchPart => ({
  usage,
  calls: 1,
  inputTokensMax: totalInputTokens(usage),
});

test('calls that are each a part cost what they cost by themselves, rounded up once', () => {
  fc.assert(
    fc.property(anyBatch, ({ price, calls }) => {
      const together = costOfBatch(calls.map(alone), price).cost;
      const apart = calls.reduce((sum, usage) => sum + cost(usage, price), 0);
      expect(together).toBeLessThanOrEqual(apart);
      expect(apart - together).toBeLessThan(calls.length);
    }),
    RUN,
  );
});

test('calls below every context tier may be one part, however long they are together', () => {
  fc.assert(
    fc.property(anyBatch, ({ price, calls }) => {
      const lowest = Math.min(
        ...(price.contextTiers ?? []).map((tier) => tier.aboveInputTokens),
        Number.MAX_SAFE_INTEGER,
      );
      const short = calls.filter((usage) => totalInputTokens(usage) <= lowest);
      fc.pre(short.length > 0);
      const part: BatchPart = {
        usage: short.reduce(addUsage, {}),
        calls: short.length,
        inputTokensMax: Math.max(...short.map(totalInputTokens)),
      };
      expect(costOfBatch([part], price)).toEqual(costOfBatch(short.map(alone), price));
    }),
    RUN,
  );
});

test('a batch never costs more than its estimate', () => {
  fc.assert(
    fc.property(anyBatch, ({ price, calls }) => {
      const all = calls.reduce(addUsage, {});
      const bound = estimate({
        price,
        inputTokens: totalInputTokens(all),
        outputTokensMax: totalOutputTokens(all),
        many: {
          calls: calls.length,
          inputTokensMax: Math.max(...calls.map(totalInputTokens)),
        },
      });
      expect(costOfBatch(calls.map(alone), price).cost).toBeLessThanOrEqual(bound);
    }),
    { ...RUN, numRuns: 2_000 },
  );
});
