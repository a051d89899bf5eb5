/**
 * Money in the demo: whole nano-USD as `bigint`, read from and shown as decimal USD.
 *
 * The demo judges Bursar, so it shares no arithmetic with it.
 */

/** Nano-USD in one USD. */
const NANO_USD_PER_USD = 1_000_000_000n;

const USD = /^(-?)([0-9]{1,15})(?:\.([0-9]{1,9}))?$/;

/** The nano-USD in decimal USD such as `"0.0009615"` or `"-5"`. Throws for anything else. */
export function parseUsd(text: string): bigint {
  const match = USD.exec(text);
  if (match === null) throw new Error(`${JSON.stringify(text)} is not decimal USD like "5.00"`);
  const [, sign, whole = '0', decimals = ''] = match;
  const magnitude = BigInt(whole) * NANO_USD_PER_USD + BigInt(decimals.padEnd(9, '0'));
  return sign === '-' ? -magnitude : magnitude;
}

/** Exact, as `parseUsd` reads it: `0.0009615`, `-5.00`. Two decimals or as many more as it takes. */
export function formatUsd(nanoUsd: bigint): string {
  const magnitude = nanoUsd < 0n ? -nanoUsd : nanoUsd;
  const decimals = (magnitude % NANO_USD_PER_USD).toString().padStart(9, '0');
  const shown = decimals.slice(0, 2) + decimals.slice(2).replace(/0+$/, '');
  return `${nanoUsd < 0n ? '-' : ''}${magnitude / NANO_USD_PER_USD}.${shown}`;
}

/** The same for people: `$0.0009615`, `-$5.00`, `$1,096.79`. */
export function showUsd(nanoUsd: bigint): string {
  const [whole = '', decimals] = formatUsd(nanoUsd).replace('-', '').split('.');
  const grouped = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
  return `${nanoUsd < 0n ? '-' : ''}$${grouped}.${decimals}`;
}

/** Exact to the nano-USD with all nine decimals, for comparing sums: `$96.791325000`. */
export function showNanoUsd(nanoUsd: bigint): string {
  const shown = showUsd(nanoUsd);
  return shown.padEnd(shown.indexOf('.') + 10, '0');
}
