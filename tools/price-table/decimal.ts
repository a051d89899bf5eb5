/** Exact arithmetic on the decimals of a catalogue, by way of their text. No float is ever multiplied. */

/** A product, and whether it came out even. */
export interface Scaled {
  /** Rounded up. */
  readonly value: number;
  readonly isExact: boolean;
}

/**
 * `usd × numerator / denominator` as an integer, or `undefined` when `usd` is no decimal or the product is too
 * large. The decimal meant by a JavaScript number is the shortest that reads back as it, which is its text.
 */
export function scaled(usd: number, numerator: bigint, denominator: bigint): Scaled | undefined {
  const match = /^([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/.exec(String(usd));
  if (match === null) return undefined;
  const [, whole = '', decimals = '', exponent = '0'] = match;
  const shift = Number(exponent) - decimals.length;
  const dividend = BigInt(whole + decimals) * numerator;
  const above = shift > 0 ? dividend * 10n ** BigInt(shift) : dividend;
  const below = shift < 0 ? denominator * 10n ** BigInt(-shift) : denominator;
  const value = Number((above + below - 1n) / below);
  return Number.isSafeInteger(value) ? { value, isExact: above % below === 0n } : undefined;
}
