/** Decimal USD with a sign, as answers have it, in nano-USD. */
import { parseUsd } from '@bursar/core';

export function nanoUsd(usd: string): number {
  return usd.startsWith('-') ? 0 - parseUsd(usd.slice(1)) : parseUsd(usd);
}
