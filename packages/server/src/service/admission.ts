/**
 * Admission: one request decided, by the service's budgets first, and then by the user's own key where it may pay.
 *
 * Each try is a decision of its own, all or nothing, under the one id of the reservation: a refusal has left nothing
 * behind, so that no call is paid for twice, and what was admitted first answers every repeat.
 */
import type { OwnKeyView, Principal } from '@bursar/api';
import {
  type Clock,
  duration,
  type InstantMs,
  type Outcome,
  type ReservationId,
  type Tier,
  type WrongPeriod,
  ZERO,
} from '@bursar/core';
import type { OwnKeys } from '../own-keys/own-keys.ts';
import type { CallEstimate } from './call-estimate.ts';
import { type CallRate, hitsOf, trueRatesOf } from './call-rates.ts';
import type { Charges } from './charges.ts';
import { reserveClamped, termsFor } from './clamp.ts';
import { fingerprintOf, type ReserveMessage } from './fingerprint.ts';
import { BY_SERVICE, type Funding, ownKeyViewOf } from './funding.ts';
import { inPeriod } from './in-period.ts';
import { type Terms, termsToJson } from './terms.ts';

/** What it needs. */
export interface AdmissionOptions {
  readonly tier: Tier;
  readonly charges: Charges;
  readonly ownKeys: OwnKeys;
  readonly clock: Clock;
  /** Life of a reservation that names none. */
  readonly tentativeTtlMs: number;
}

/** One request. */
export interface AdmissionRequest {
  readonly principal: Principal;
  readonly message: ReserveMessage;
  readonly id: ReservationId;
  /** As agreed for the call, whoever pays. */
  readonly terms: Terms;
  readonly wanted: CallEstimate;
  readonly feature: string | undefined;
  readonly startedAtMs: InstantMs;
}

/** How a request was decided. */
export interface Decided {
  readonly outcome: Exclude<Outcome, WrongPeriod>;
  /** What the call may be charged by, if it was admitted now. */
  readonly terms: Terms;
  /** The rates that the last try asked, and when. */
  readonly rates: readonly CallRate[];
  readonly askedAtMs: InstantMs;
  /** Of a refusal: why the user's own key does not pay instead, where it could. */
  readonly ownKey: OwnKeyView | null;
}

/** Decides requests. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Rejects with what `Charges.of` throws, and what the tier throws. */
  decide(request: AdmissionRequest): Promise<Decided> {
    const { mayUseOwnKey, clamp } = request.message;
    return mayUseOwnKey === true
      ? this.#decideWithKey(request)
      : this.#attempt(request, BY_SERVICE, clamp);
  }

  async #decideWithKey(request: AdmissionRequest): Promise<Decided> {
    const { principal, message, terms } = request;
    const { provider } = terms;
    const { clamp } = message;
    const place = { tenant: principal.tenant, user: message.user, provider };
    const standing = await this.#options.ownKeys.standing(place);
    // Who has a key of their own gets the whole answer with it, not a short one without it.
    const isGood = standing.state === 'good';
    const byService = await this.#attempt(request, BY_SERVICE, isGood ? undefined : clamp);
    if (!lacksMoney(byService.outcome)) return byService;
    if (!isGood) return { ...byService, ownKey: ownKeyViewOf(standing, provider) };
    return this.#attempt(request, { source: 'own_key', keyId: standing.id }, clamp);
  }

  async #attempt(
    { principal, message, id, terms, wanted, feature, startedAtMs }: AdmissionRequest,
    funding: Funding,
    clamp: ReserveMessage['clamp'],
  ): Promise<Decided> {
    const { tier, charges, tentativeTtlMs } = this.#options;
    const fingerprint = fingerprintOf(message);
    const ttlMs = duration(message.ttlMs ?? tentativeTtlMs, 'ttlMs');
    let last: Pick<Decided, 'terms' | 'rates' | 'askedAtMs'> | undefined;
    const reserve = (asked: CallEstimate) =>
      inPeriod(startedAtMs, (askedAtMs) => {
        const { legs, rates } = charges.of(principal, message, funding, askedAtMs);
        const agreed = { ...terms, funding, legs, rates: trueRatesOf(rates) };
        last = { terms: termsFor(agreed, wanted, asked, feature), rates, askedAtMs };
        return tier.execute({
          kind: 'reserve',
          reservation: id,
          fingerprint,
          legs,
          amount: asked.amount ?? ZERO,
          ttlMs,
          terms: termsToJson(last.terms),
          ...(rates.length > 0 && { rates: hitsOf(rates, asked) }),
        });
      });
    const outcome =
      clamp === undefined
        ? await reserve(wanted)
        : (await reserveClamped(wanted, clamp.outputTokensMin, reserve)).outcome;
    const {
      terms: agreed,
      rates,
      askedAtMs,
    } = last ?? { terms, rates: [], askedAtMs: startedAtMs };
    return { outcome, terms: agreed, rates, askedAtMs, ownKey: null };
  }
}

/** Whether it is for want of money that a call was refused: no key of the user's own makes calls come slower. */
function lacksMoney(outcome: Decided['outcome']): boolean {
  return outcome.outcome === 'denied' && outcome.shortfalls.length > 0;
}
