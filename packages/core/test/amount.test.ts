import {
  add,
  amount,
  AMOUNT_MAX,
  type Amount,
  formatUsd,
  isBursarError,
  parseUsd,
  signedAmount,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('amount', () => {
  it('reads and writes decimal USD exactly, for every amount', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, BigInt(AMOUNT_MAX)), (nano) => {
        expect(parseUsd(formatUsd(nano))).toBe(Number(nano));
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it.each([
    ['0', 0],
    ['5', 5_000_000_000],
    ['5.00', 5_000_000_000],
    ['0.000000001', 1],
    ['0.1', 100_000_000],
    ['9007199.254740991', AMOUNT_MAX],
  ])('reads %s', (text, nano) => {
    expect(parseUsd(text)).toBe(nano);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '.5',
    '5.',
    '01',
    '1,000',
    '1.0000000001',
    '9007199.254740992',
    'NaN',
    'Infinity',
    '١',
    '5.00 USD',
    '__proto__',
    '1'.repeat(1_000),
  ])('refuses %j, and names the field', (text) => {
    try {
      parseUsd(text, 'limitUsd');
      expect.unreachable();
    } catch (error) {
      expect(isBursarError(error) && error).toMatchObject({
        code: 'amount_out_of_range',
        field: 'limitUsd',
      });
    }
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 2n ** 53n, -1n])(
    'refuses %s nano-USD',
    (value) => {
      expect(() => amount(value)).toThrow('whole number of nano-USD');
    },
  );

  it('adds up to the largest amount and not beyond', () => {
    expect(add((AMOUNT_MAX - 1) as Amount, 1 as Amount)).toBe(AMOUNT_MAX);
    expect(() => add(AMOUNT_MAX, 1 as Amount)).toThrow('amount must be');
  });

  it('shows small and negative amounts without losing them', () => {
    expect([1n, -1n, 10_000_000n, 2_500n, -5_000_000_000n, 0n].map(formatUsd)).toEqual([
      '0.000000001',
      '-0.000000001',
      '0.01',
      '0.0000025',
      '-5.00',
      '0.00',
    ]);
    expect(signedAmount(-0)).toBe(0);
    expect(Object.is(signedAmount(-0), -0)).toBe(false);
  });
});
