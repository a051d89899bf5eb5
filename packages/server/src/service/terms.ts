/**
 * The terms of a reservation: what was agreed when it was made, so that settling charges by them whatever
 * has changed since.
 *
 * Stored with the reservation as JSON, written once:
 *
 * | Field | Type | Meaning |
 * |---|---|---|
 * | `user`, `model` | string | as the caller named them |
 * | `provider` | string | as the caller named it, or else whose price it is |
 * | `price` | object or null | the row of the price table; null when the caller named an amount and no price was known |
 * | `priceVersion` | string | version of the whole table |
 * | `output` | object or null | how much output is set aside for; null when the caller named an amount |
 */
import { assert, checkPrice, type Json, type Price } from '@bursar/core';
import { type OutputTerms, outputTermsFromJson } from './output-terms.ts';

/** What was agreed. */
export interface Terms {
  readonly user: string;
  readonly provider: string;
  readonly model: string;
  readonly price: Price | null;
  readonly priceVersion: string;
  readonly output: OutputTerms | null;
}

/** The terms as they are stored. */
export function termsToJson(terms: Terms): Json {
  return { ...terms } as Json;
}

/** The terms that `termsToJson` made `stored` from. What does not read back is a bug. */
export function termsFromJson(stored: Json): Terms {
  assert(isRecord(stored), 'stored terms are an object');
  const { user, provider, model, price, priceVersion, output } = stored;
  assert(
    typeof user === 'string' && typeof provider === 'string' && typeof model === 'string',
    'stored terms name user, provider and model',
  );
  assert(typeof priceVersion === 'string', 'stored terms name a price version');
  return {
    user,
    provider,
    model,
    price: price === null || price === undefined ? null : checkPrice(price),
    priceVersion,
    output: outputTermsFromJson(output),
  };
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
