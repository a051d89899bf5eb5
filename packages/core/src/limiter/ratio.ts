/**
 * Exact arithmetic of limiters: products that pass 2^53 on the way to a result that does not.
 *
 * The Lua library has the same in pieces of 21 bits, and a differential test compares the two.
 */
import { AMOUNT_MAX } from '../amount.ts';

/** A quotient, rounded down, and what is left. */
export interface Ratio {
  readonly quotient: number;
  readonly rest: number;
}

/** `a × b ÷ divisor`. All are whole numbers below 2^53, and so is the result; the rest is below `divisor`. */
export function scaled(a: number, b: number, divisor: number): Ratio {
  const product = a * b;
  if (product <= AMOUNT_MAX) {
    const rest = product % divisor;
    return { quotient: (product - rest) / divisor, rest };
  }
  const exact = BigInt(a) * BigInt(b);
  const by = BigInt(divisor);
  return { quotient: Number(exact / by), rest: Number(exact % by) };
}

/** `a + b`, at most `AMOUNT_MAX`. Debt is counted up to there. */
export function sumToMax(a: number, b: number): number {
  return a > AMOUNT_MAX - b ? AMOUNT_MAX : a + b;
}
