/** The allowance: what one process may let through in one outage, beyond what stores know of. */
import { type Amount, BursarError, formatUsd, parseUsd } from '@bursar/core';

/** 100,000 USD: enough for any outage, and too little for a slip of the finger to be the end of a company. */
export const ALLOWANCE_MAX: Amount = parseUsd('100000');

/** The allowance written as decimal USD. Throws `amount_out_of_range`, naming `field`. */
export function parseAllowance(text: string, field = 'allowanceUsd'): Amount {
  const allowance = parseUsd(text, field);
  if (allowance > 0 && allowance <= ALLOWANCE_MAX) return allowance;
  throw new BursarError('amount_out_of_range', {
    field,
    message: `${field} must be more than 0 and at most ${formatUsd(ALLOWANCE_MAX)}`,
  });
}
