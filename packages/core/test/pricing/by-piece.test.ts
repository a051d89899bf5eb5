/**
 * Prices by the character, the piece and the millisecond against their vendors' own numbers, in exact fractions: a cost
 * is the product, rounded up once to a whole nano-USD.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cost } from '../../src/pricing/cost.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { estimate } from '../../src/pricing/estimate.ts';
import type { OtherClass } from '../../src/pricing/usage-class.ts';
import { instant } from '../../src/time.ts';

/** As vendors print them: so many USD for so many units. */
const PRINTED: readonly (readonly [model: string, units: OtherClass, usd: string, per: bigint])[] =
  [
    ['tts-1', 'textCharacters', '15.00', 1_000_000n],
    ['tts-1-hd', 'textCharacters', '30.00', 1_000_000n],
    ['whisper-1', 'audioInputMilliseconds', '0.006', 60_000n],
    ['dall-e-2', 'smallImages', '0.016', 1n],
    ['dall-e-2', 'mediumImages', '0.018', 1n],
    ['dall-e-2', 'images', '0.02', 1n],
    ['dall-e-3', 'images', '0.04', 1n],
    ['dall-e-3', 'largeImages', '0.08', 1n],
    ['dall-e-3', 'hdImages', '0.08', 1n],
    ['dall-e-3', 'largeHdImages', '0.12', 1n],
  ];
const NOW = instant(Date.UTC(2026, 10, 30));

test.each(PRINTED)('%s by %s costs %s USD for %i', (model, name, usd, per) => {
  const price = DEFAULT_PRICE_TABLE.lookup(model, NOW);
  if (price === undefined) throw new Error(`${model} has no price`);
  const [whole = '', decimals = ''] = usd.split('.');
  const nano = BigInt(whole + decimals) * 10n ** BigInt(9 - decimals.length);
  fc.assert(
    fc.property(fc.nat(10_000_000), (units) => {
      const exact = (BigInt(units) * nano + per - 1n) / per;
      expect(BigInt(cost({ [name]: units }, price))).toBe(exact);
      const bounds = { price, inputTokens: 0, outputTokensMax: 0, classes: [] };
      const otherUnitsMax = { [name]: units };
      expect(BigInt(estimate({ ...bounds, otherUnitsMax }))).toBe(exact);
    }),
  );
});

test('a larger or finer image than the price has is unpriced, a smaller one costs no more', () => {
  const price = DEFAULT_PRICE_TABLE.lookup('dall-e-2', NOW);
  if (price === undefined) throw new Error('dall-e-2 has no price');
  for (const name of ['largeImages', 'hdImages', 'largeHdImages'] as const) {
    expect(() => cost({ [name]: 1 }, price)).toThrow(/does not cover/);
  }
  const dalle3 = DEFAULT_PRICE_TABLE.lookup('dall-e-3', NOW);
  if (dalle3 === undefined) throw new Error('dall-e-3 has no price');
  expect(cost({ smallImages: 1 }, dalle3)).toBe(cost({ images: 1 }, dalle3));
});
