/**
 * How much output a reservation is for, as it is stored with the other terms: so that a repeat is answered with the
 * same cap, and so that what the call uses is compared with what it was estimated from.
 */
import { assert, type Json } from '@bursar/core';

/**
 * Where the number of output tokens is from: `asked`, the call's own cap; `worst`, the most that the model produces;
 * `learned`, what such calls have used.
 */
export type OutputBasis = 'asked' | 'worst' | 'learned';

const BASES: readonly unknown[] = ['asked', 'worst', 'learned'] satisfies OutputBasis[];

/** The output that is set aside for. */
export interface OutputTerms {
  readonly tokensMax: number;
  readonly basis: OutputBasis;
  /** Whether it is less than that, because more did not fit. */
  readonly clamped: boolean;
  /** The part of the product that asked; `undefined` unless the call named one, and one alone. */
  readonly feature?: string | undefined;
}

/** The stored form read back. `null` for a call in an amount. */
export function outputTermsFromJson(stored: Json | undefined): OutputTerms | null {
  // What was reserved before this was stored has nothing.
  if (stored === null || stored === undefined) return null;
  const { tokensMax, basis, clamped, feature } = stored as { readonly [key: string]: Json };
  assert(typeof tokensMax === 'number', 'stored output terms have a number of tokens');
  assert(BASES.includes(basis), 'stored output terms have a basis');
  return {
    tokensMax,
    basis: basis as OutputBasis,
    clamped: clamped === true,
    ...(typeof feature === 'string' ? { feature } : {}),
  };
}
