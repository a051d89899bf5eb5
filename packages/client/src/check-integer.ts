/** Numbers that are given as options. */
import { BursarError } from '@bursar/core';

/** Throws `input_invalid`, naming `field`, unless `value` is a whole number from `least` to `most`. */
export function checkInteger(field: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new BursarError('input_invalid', {
    field,
    message: `${field} must be a whole number from ${least} to ${most}`,
  });
}
