/**
 * Instants and durations: branded integer milliseconds. Core never reads a clock; time is an argument.
 */
import { BursarError } from './errors.ts';

declare const instantBrand: unique symbol;
declare const durationBrand: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z, an integer within the years 1970 … 9999. */
export type InstantMs = number & { readonly [instantBrand]: true };

/** A length of time in milliseconds, a non-negative integer. */
export type DurationMs = number & { readonly [durationBrand]: true };

/** 9999-12-31T23:59:59.999Z. */
export const INSTANT_MAX: InstantMs = 253_402_300_799_999 as InstantMs;

/** `value` as an instant. Throws `input_invalid`, naming `field`, outside 1970 … 9999. */
export function instant(value: number, field = 'instant'): InstantMs {
  if (!Number.isSafeInteger(value) || value < 0 || value > INSTANT_MAX) {
    throw new BursarError('input_invalid', {
      field,
      message: `${field} must be whole milliseconds since 1970, up to the year 9999`,
    });
  }
  return value as InstantMs;
}

/** `value` as a duration. Throws `input_invalid`, naming `field`, unless it is a non-negative integer. */
export function duration(value: number, field = 'duration'): DurationMs {
  if (!Number.isSafeInteger(value) || value < 0 || value > INSTANT_MAX) {
    throw new BursarError('input_invalid', {
      field,
      message: `${field} must be a whole, non-negative number of milliseconds`,
    });
  }
  return value as DurationMs;
}

/** `at + length`, at most `INSTANT_MAX`. */
export function after(at: InstantMs, length: DurationMs): InstantMs {
  return Math.min(at + length, INSTANT_MAX) as InstantMs;
}
