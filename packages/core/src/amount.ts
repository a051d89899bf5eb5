/**
 * Money: integer nano-USD (1 USD = 1,000,000,000), as a branded safe integer.
 *
 * Decides how amounts are checked, added, parsed and shown. It does not price anything.
 * Invariant: an `Amount` is an integer from 0 to `AMOUNT_MAX`; a `SignedAmount` one from
 * `-AMOUNT_MAX` to `AMOUNT_MAX`. Nothing here rounds. Why nano-USD: docs/decisions/0001.
 */
import { assert } from './assert.ts';
import { BursarError } from './errors.ts';

declare const amountBrand: unique symbol;
declare const signedAmountBrand: unique symbol;

/** Integer nano-USD, `0 … AMOUNT_MAX`. */
export type Amount = number & { readonly [amountBrand]: true };

/** Integer nano-USD with a sign, `-AMOUNT_MAX … AMOUNT_MAX`; every `Amount` is one. */
export type SignedAmount = (number & { readonly [signedAmountBrand]: true }) | Amount;

/** Nano-USD in one USD. */
export const NANO_USD_PER_USD = 1_000_000_000;

/** Largest amount: 2^53 − 1 nano-USD, about 9.007 million USD, for one account and period. */
export const AMOUNT_MAX: Amount = Number.MAX_SAFE_INTEGER as Amount;

/** Nothing. */
export const ZERO: Amount = 0 as Amount;

/** Whether `value` is an integer from 0 to `AMOUNT_MAX` (−0 is not). */
export function isAmount(value: unknown): value is Amount {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/**
 * `value` as an amount of nano-USD. Throws `amount_out_of_range`, naming `field`, for anything that is
 * not an integer from 0 to `AMOUNT_MAX`.
 */
export function amount(value: number | bigint, field = 'amount'): Amount {
  const candidate = typeof value === 'bigint' ? bigintToNumber(value) : value;
  if (!isAmount(candidate)) throw outOfRange(field, value);
  return candidate;
}

/** `value` as a signed amount of nano-USD. Throws `amount_out_of_range`, naming `field`. */
export function signedAmount(value: number | bigint, field = 'amount'): SignedAmount {
  const candidate = typeof value === 'bigint' ? bigintToNumber(value) : value;
  if (!Number.isSafeInteger(candidate)) throw outOfRange(field, value);
  return (candidate + 0) as SignedAmount;
}

/** `a + b`. Throws `amount_out_of_range` above `AMOUNT_MAX`. */
export function add(a: Amount, b: Amount, field = 'amount'): Amount {
  const sum = a + b;
  if (sum > AMOUNT_MAX) throw outOfRange(field, sum);
  return sum as Amount;
}

/** `a − b`, which the caller knows not to be negative; a negative result is a bug. */
export function subtract(a: Amount, b: Amount): Amount {
  assert(a >= b, 'subtract: the result would be negative');
  return (a - b) as Amount;
}

/** `a − b`, or 0 when `b` is larger. */
export function subtractToZero(a: Amount, b: Amount): Amount {
  return a > b ? ((a - b) as Amount) : ZERO;
}

/** `after − before`, with its sign. */
export function difference(after: Amount, before: Amount): SignedAmount {
  return (after - before) as SignedAmount;
}

/** The larger of two amounts. */
export function larger(a: Amount, b: Amount): Amount {
  return a >= b ? a : b;
}

const USD_PATTERN = /^(0|[1-9][0-9]{0,6})(?:\.([0-9]{1,9}))?$/;

/**
 * The amount written as decimal USD, exactly: `"5"`, `"5.00"`, `"0.000000001"`. No sign, no exponent, no
 * blanks, at most nine decimals. Throws `amount_out_of_range`, naming `field`, for anything else.
 */
export function parseUsd(text: string, field = 'amount'): Amount {
  const match = USD_PATTERN.exec(text);
  if (match === null) throw outOfRange(field, text);
  const nano =
    BigInt(match[1] ?? '0') * BigInt(NANO_USD_PER_USD) + BigInt((match[2] ?? '').padEnd(9, '0'));
  return amount(nano, field);
}

/**
 * Decimal USD, exact: at least two decimals, at most nine, no superfluous zeros (`"5.00"`, `"0.0000025"`).
 * Takes the sums of many accounts too, hence `bigint`.
 */
export function formatUsd(nanoUsd: SignedAmount | bigint): string {
  const value: number | bigint = nanoUsd;
  const sign = value < 0 ? '-' : '';
  const magnitude = value < 0 ? -value : value;
  // Every answer has several amounts in it, and what is no sum fits a number exactly.
  const [whole, rest] =
    typeof magnitude === 'bigint'
      ? [magnitude / BigInt(NANO_USD_PER_USD), Number(magnitude % BigInt(NANO_USD_PER_USD))]
      : [Math.floor(magnitude / NANO_USD_PER_USD), magnitude % NANO_USD_PER_USD];
  if (rest === 0) return `${sign}${whole}.00`;
  // A one before them keeps the zeros that they begin with.
  const decimals = String(NANO_USD_PER_USD + rest);
  let end = decimals.length;
  while (end > 3 && decimals[end - 1] === '0') end -= 1;
  return `${sign}${whole}.${decimals.slice(1, end)}`;
}

function bigintToNumber(value: bigint): number {
  return value >= -BigInt(AMOUNT_MAX) && value <= BigInt(AMOUNT_MAX) ? Number(value) : Number.NaN;
}

function outOfRange(field: string, value: number | bigint | string): BursarError {
  const shown = String(value).slice(0, 40);
  return new BursarError('amount_out_of_range', {
    field,
    message: `${field} must be a whole number of nano-USD from 0 to ${AMOUNT_MAX} (decimal USD with at most nine decimals, up to ${formatUsd(AMOUNT_MAX)}), and is ${JSON.stringify(shown)}`,
  });
}
