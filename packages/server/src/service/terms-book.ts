/**
 * Terms by reservation: agreed at reserve, at hand afterwards.
 *
 * Calls that this process reserved are answered from a bounded cache, all others (after a restart, from
 * another server) from the tier. Terms never change, so no copy can be stale.
 */
import {
  type InstantMs,
  type Price,
  priceOrThrow,
  type PriceTable,
  type ReservationId,
  type Tier,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import { StoresAway } from '../lenient/stores-away.ts';
import type { ReserveMessage } from './fingerprint.ts';
import { BY_SERVICE } from './funding.ts';
import { rejectionError } from './rejection.ts';
import { type Terms, termsFromJson } from './terms.ts';

/** Most reservations whose terms are kept at hand. */
const TERMS_CACHED_MAX = 50_000;

/** The provider of a call that does not name one, for a model of the operator's own. */
const UNKNOWN_PROVIDER = 'unknown';

type Call = Pick<ReserveMessage, 'user' | 'provider' | 'model'> & {
  /** The id of the user's own key that has paid. */
  readonly ownKey?: string | undefined;
};

/** Makes, keeps and finds terms. */
export class TermsBook {
  readonly #tier: Pick<Tier, 'reservation'>;
  readonly #prices: PriceTable;
  readonly #recent = new LRUCache<ReservationId, Terms>({ max: TERMS_CACHED_MAX });

  constructor(tier: Pick<Tier, 'reservation'>, prices: PriceTable) {
    this.#tier = tier;
    this.#prices = prices;
  }

  /**
   * The terms on which `message` may be reserved: the price at `nowMs`. Nothing when tokens are to be priced and no
   * price is known.
   */
  agree(message: ReserveMessage, nowMs: InstantMs): Terms | undefined {
    const { provider, model, estimate } = message;
    const known = this.#prices.lookup(model, nowMs, provider);
    if (known === undefined && estimate !== undefined) return undefined;
    return this.#termsOf(message, known ?? null);
  }

  /** The terms on which `message` was reserved before, there being no price (any more). Throws `price_unknown`. */
  async agreedBefore(id: ReservationId, message: ReserveMessage, nowMs: InstantMs): Promise<Terms> {
    const { provider, model } = message;
    const before = await this.#findIfKnown(id);
    return before ?? this.#termsOf(message, priceOrThrow(this.#prices, model, nowMs, provider));
  }

  /** Keeps the terms that the tier has accepted. */
  keep(id: ReservationId, terms: Terms): void {
    this.#recent.set(id, terms);
  }

  /** The terms that `id` was reserved with, if they are at hand: nearly always, and then nobody has to wait. */
  recent(id: ReservationId): Terms | undefined {
    return this.#recent.get(id);
  }

  /** The terms that `id` was reserved with. Throws `reservation_not_found`. */
  async of(id: ReservationId): Promise<Terms> {
    const terms = await this.#find(id);
    if (terms === undefined) throw rejectionError('reservation_not_found');
    return terms;
  }

  /**
   * The same; terms that were lost with their store, or cannot be looked up because none answers and calls are
   * settled all the same, are agreed anew for `call`, at the present price.
   */
  async ofOrFor(id: ReservationId, call: Call, nowMs: InstantMs): Promise<Terms> {
    const found = await this.#findIfKnown(id);
    if (found !== undefined) return found;
    return this.#termsOf(call, this.#prices.lookup(call.model, nowMs, call.provider) ?? null);
  }

  #termsOf({ user, provider, model, ownKey }: Call, price: Price | null): Terms {
    return {
      user,
      provider: provider ?? price?.provider ?? UNKNOWN_PROVIDER,
      model,
      price,
      priceVersion: this.#prices.version,
      output: null,
      funding: ownKey === undefined ? BY_SERVICE : { source: 'own_key', keyId: ownKey },
      rates: [],
    };
  }

  /** The terms, unless this server decides alone and does not know them. */
  async #findIfKnown(id: ReservationId): Promise<Terms | undefined> {
    try {
      return await this.#find(id);
    } catch (error) {
      if (error instanceof StoresAway) return undefined;
      throw error;
    }
  }

  async #find(id: ReservationId): Promise<Terms | undefined> {
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const snapshot = await this.#tier.reservation(id);
    if (snapshot === undefined) return undefined;
    const terms = termsFromJson(snapshot.reservation.terms);
    this.#recent.set(id, terms);
    return terms;
  }
}
