/** Which failures are a command's own fault, and which are the store's. */
import { BursarError, InvariantViolation } from '@bursar/core';
import { expect, it } from 'vitest';
import { isRefused, isWorthAnotherTry } from '../../src/stores/postgres/store-failure.ts';

const coded = (code: string) => Object.assign(new Error(code), { code });

it.each([
  ['a value that the database refuses', coded('22003')],
  ['a constraint', coded('23514')],
  ['an assertion of ours', new InvariantViolation('a sum is negative')],
  ['an amount out of range', new BursarError('amount_out_of_range', { message: 'too much' })],
])('%s is the fault of one command: the same again cannot help', (_title, error) => {
  expect(isRefused(error)).toBe(true);
});

it.each([
  ['a lost connection', coded('ECONNRESET')],
  ['a server that shuts down', coded('57P01')],
  ['a store that is away', new BursarError('store_unavailable', { message: 'away' })],
  ['an answer that got lost', new BursarError('store_timeout', { message: 'lost' })],
])('%s is nobody’s fault: the batch may be tried again', (_title, error) => {
  expect(isRefused(error)).toBe(false);
});

it.each(['40001', '40P01', '55P03', '23505'])('%s is decided anew at once', (code) => {
  expect(isWorthAnotherTry(coded(code))).toBe(true);
});
