/** Exact arithmetic on the decimals of a catalogue, by way of their text. No float is ever multiplied. */

/**
 * `usd × numerator / denominator` as an integer, or `undefined` when that is not one. The decimal meant by a
 * JavaScript number is the shortest that reads back as it, which is what its text is.
 */
export function exactInteger(
  usd: number,
  numerator: bigint,
  denominator: bigint,
): number | undefined {
  const match = /^([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/.exec(String(usd));
  if (match === null) return undefined;
  const [, whole = '', decimals = '', exponent = '0'] = match;
  const shift = Number(exponent) - decimals.length;
  const scaled = BigInt(whole + decimals) * numerator;
  const above = shift > 0 ? scaled * 10n ** BigInt(shift) : scaled;
  const below = shift < 0 ? denominator * 10n ** BigInt(-shift) : denominator;
  const result = Number(above / below);
  return above % below === 0n && Number.isSafeInteger(result) ? result : undefined;
}
