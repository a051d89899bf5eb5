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
 * | `funding` | object | who pays; absent when that is the service |
 * | `rates` | array of [limiter, what it counts, its policy] | rates of which the settlement makes up the difference; absent if there are none |
 * | `legs` | array of [account, period's start, end] | the accounts it was reserved on; instants in Unix milliseconds. Absent before there were several |
 */
import {
  type AccountId,
  accountParts,
  assert,
  checkPrice,
  instant,
  type Json,
  type LegAccount,
  type Price,
} from '@bursar/core';
import { type TrueRate, trueRatesFromJson, trueRatesToJson } from './call-rates.ts';
import { BY_SERVICE, type Funding } from './funding.ts';
import { type OutputTerms, outputTermsFromJson } from './output-terms.ts';

/** What was agreed. */
export interface Terms {
  readonly user: string;
  readonly provider: string;
  readonly model: string;
  readonly price: Price | null;
  readonly priceVersion: string;
  readonly output: OutputTerms | null;
  /** The accounts it was reserved on; settling books it on these whatever the policies say by then. */
  readonly legs?: readonly LegAccount[] | undefined;
  readonly funding: Funding;
  /** Rates of which the settlement makes up the difference between what was taken and the truth. */
  readonly rates: readonly TrueRate[];
}

/** The terms as they are stored. */
export function termsToJson(terms: Terms): Json {
  const { user, provider, model, price, priceVersion, output, funding, rates, legs } = terms;
  const stored: Record<string, unknown> = { user, provider, model, price, priceVersion, output };
  if (funding.source !== 'service') stored['funding'] = { ...funding };
  if (rates.length > 0) stored['rates'] = trueRatesToJson(rates);
  if (legs !== undefined) {
    stored['legs'] = legs.map(({ account, period }) => [account, period.startAtMs, period.endAtMs]);
  }
  return stored as Json;
}

/** The terms that `termsToJson` made `stored` from. What does not read back is a bug. */
export function termsFromJson(stored: Json): Terms {
  assert(isRecord(stored), 'stored terms are an object');
  const { user, provider, model, price, priceVersion, output, funding, rates, legs } = stored;
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
    funding: (funding as Funding | undefined) ?? BY_SERVICE,
    rates: trueRatesFromJson(rates),
    ...(Array.isArray(legs) ? { legs: legs.map(legFromJson) } : {}),
  };
}

function legFromJson(stored: Json): LegAccount {
  assert(Array.isArray(stored), 'a stored leg is an array');
  const [account, startAtMs, endAtMs] = stored as readonly Json[];
  assert(
    typeof account === 'string' && typeof startAtMs === 'number' && typeof endAtMs === 'number',
    'a stored leg names its account and the bounds of its period',
  );
  return {
    account: account as AccountId,
    period: {
      id: accountParts(account as AccountId).period,
      startAtMs: instant(startAtMs),
      endAtMs: instant(endAtMs),
    },
  };
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
