/**
 * The terms of a reservation: what was agreed when it was made, so that settling charges by them whatever
 * has changed since.
 *
 * Stored with the reservation as JSON:
 *
 * | Field | Type | Meaning |
 * |---|---|---|
 * | `user`, `provider`, `model` | string | as the caller named them |
 * | `price` | object or null | the row of the price table; null when the caller named an amount and no price is known |
 * | `priceVersion` | string | version of the whole table |
 * | `inputTokens` | number or null | bound of the input that was estimated with; null for a named amount |
 */
import {
  assert,
  checkPrice,
  type Json,
  type Price,
  type ReservationId,
  type ReservationSnapshot,
  type Tier,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';

/** What was agreed. */
export interface Terms {
  readonly user: string;
  readonly provider: string;
  readonly model: string;
  readonly price: Price | null;
  readonly priceVersion: string;
  readonly inputTokens: number | null;
}

/** Most reservations whose terms are kept at hand; the others are read from the tier when they are needed. */
const TERMS_CACHED_MAX = 50_000;

/** Terms by reservation: at hand for calls that this process reserved, read from the tier for all others. */
export class TermsBook {
  readonly #tier: Pick<Tier, 'reservation'>;
  readonly #recent = new LRUCache<ReservationId, Terms>({ max: TERMS_CACHED_MAX });

  constructor(tier: Pick<Tier, 'reservation'>) {
    this.#tier = tier;
  }

  /** Keeps the terms that the tier has accepted. */
  keep(id: ReservationId, terms: Terms): void {
    this.#recent.set(id, terms);
  }

  /** The terms of `id`, or nothing if it was never reserved. Terms never change, so no copy can be stale. */
  async of(id: ReservationId): Promise<Terms | undefined> {
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const snapshot = await this.#tier.reservation(id);
    if (snapshot === undefined) return undefined;
    const terms = termsOf(snapshot);
    this.#recent.set(id, terms);
    return terms;
  }
}

/** The terms as they are stored. */
export function termsToJson(terms: Terms): Json {
  return { ...terms } as Json;
}

/** The terms as they were stored. What does not read back is a bug. */
export function termsOf({ reservation }: Pick<ReservationSnapshot, 'reservation'>): Terms {
  return termsFromJson(reservation.terms);
}

/** The terms that `termsToJson` made `stored` from. What does not read back is a bug. */
export function termsFromJson(stored: Json): Terms {
  assert(isRecord(stored), 'stored terms are an object');
  const { user, provider, model, price, priceVersion, inputTokens } = stored;
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
    inputTokens: typeof inputTokens === 'number' ? inputTokens : null,
  };
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
