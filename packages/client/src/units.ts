/** Units: what a product's own rate limits count, as a provider reports it in a header of its answer. */
import { BursarError } from '@bursar/core';

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const WHOLE = /^[0-9]{1,16}$/;

/** Throws `input_invalid`, naming the option, for what cannot be the name of a header. */
export function checkUnitsHeader(name: string): void {
  if (HEADER_NAME.test(name)) return;
  throw new BursarError('input_invalid', {
    field: 'unitsHeader',
    message: 'unitsHeader must be the name of a response header, such as x-units',
  });
}

/** The units that a header's value says; `undefined` for what is no whole number from 0 to 2^53 − 1: no report. */
export function unitsIn(value: string | null | undefined): number | undefined {
  const text = value?.trim() ?? '';
  const units = Number(text);
  return WHOLE.test(text) && Number.isSafeInteger(units) ? units : undefined;
}
