/**
 * Metering: reserve, extend, settle and release, from a caller's message to a tier's command and back.
 *
 * Prices and names things; decides no money, which the tier does. Every command may be repeated: the
 * caller's id of the reservation is its idempotency key.
 */
import type { Allowed, BursarService, Denied, Principal } from '@bursar/api';
import {
  type Account,
  type Amount,
  BursarError,
  type Clock,
  type Done,
  duration,
  type EstimateInput,
  formatUsd,
  type InstantMs,
  type Json,
  larger,
  type Outcome,
  parseUsd,
  type Price,
  priceOrThrow,
  type PriceTable,
  type ReservationId,
  reservationId,
  type Tier,
  ZERO,
} from '@bursar/core';
import { budgetViewOf, isoOf } from './budget-view.ts';
import { amountToReserve, type CallBounds, chargeFor, estimateInputOf } from './charge.ts';
import { creditAt } from './credit.ts';
import { denialOf } from './denial.ts';
import { fingerprintOf, type ReserveMessage } from './fingerprint.ts';
import { rejectionError } from './rejection.ts';
import { type Terms, termsOf, TermsBook, termsToJson } from './terms.ts';

type Message<Method extends 'extend' | 'settle' | 'release'> = Parameters<BursarService[Method]>[1];

/** What metering needs. */
export interface MeterOptions {
  readonly tier: Tier;
  readonly prices: PriceTable;
  readonly clock: Clock;
  /** Life of a reservation that names none: as long as the longest call. */
  readonly tentativeTtlMs: number;
  /** Life between two heartbeats of a running call that names none. */
  readonly dispatchedTtlMs: number;
  /** Told of every account as a command has left it. */
  readonly onChange: (accounts: readonly Account[]) => void;
}

/** The four commands around a call to a model. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #terms: TermsBook;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#terms = new TermsBook(options.tier);
  }

  /** Sets the call's possible cost aside, or says why not. */
  async reserve(principal: Principal, message: ReserveMessage): Promise<Allowed | Denied> {
    const id = reservationId(principal.tenant, message.reservation);
    const terms = await this.#termsFor(id, message);
    const estimated = this.#estimated(terms, message.estimate, 'estimate');
    const amount = amountToReserve(estimated, message.amountUsd) ?? ZERO;
    const outcome = await this.#reserveAt(this.#options.clock.nowMs(), async (nowMs) =>
      this.#options.tier.execute({
        kind: 'reserve',
        reservation: id,
        fingerprint: fingerprintOf(message),
        legs: [creditAt(principal.tenant, message.user, nowMs)],
        amount,
        ttlMs: duration(message.ttlMs ?? this.#options.tentativeTtlMs, 'ttlMs'),
        terms: termsToJson(terms),
      }),
    );
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    if (outcome.outcome === 'denied') {
      return denialOf(outcome, { needed: amount, alreadyHeld: ZERO, estimated });
    }
    // A replay answers with the terms that it was made with, which the table may have left behind.
    const agreed = outcome.reservation === undefined ? terms : termsOf({ reservation: outcome.reservation });
    this.#terms.keep(id, agreed);
    return this.#allowed(message.reservation, outcome, agreed);
  }

  /** Heartbeat: more time, and more money if asked for. A refusal leaves the reservation as it was. */
  async extend(principal: Principal, message: Message<'extend'>): Promise<Allowed | Denied> {
    const id = reservationId(principal.tenant, message.reservation);
    const terms = await this.#knownTerms(id);
    const estimated = this.#estimated(terms, message.estimate, 'estimate');
    const amount = amountToReserve(estimated, message.amountUsd) ?? null;
    const outcome = await this.#options.tier.execute({
      kind: 'extend',
      reservation: id,
      amount,
      ttlMs: duration(message.ttlMs ?? this.#options.dispatchedTtlMs, 'ttlMs'),
      dispatched: message.dispatched,
    });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    if (outcome.outcome === 'denied') {
      const snapshot = await this.#options.tier.reservation(id);
      const alreadyHeld = larger(snapshot?.amount ?? ZERO, snapshot?.spent ?? ZERO);
      return denialOf(outcome, { needed: amount ?? ZERO, alreadyHeld, estimated });
    }
    return this.#allowed(message.reservation, outcome, terms);
  }

  /** Books what the call has cost; see `chargeFor` for usage that no price covers. */
  async settle(
    principal: Principal,
    message: Message<'settle'>,
  ): ReturnType<BursarService['settle']> {
    const id = reservationId(principal.tenant, message.reservation);
    const terms = await this.#knownTerms(id);
    const { cost, detail } = await this.#chargeOf(id, terms, message);
    const outcome = await this.#options.tier.execute({
      kind: 'settle',
      reservation: id,
      cost,
      final: message.final,
      detail,
    });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    return {
      outcome: 'settled',
      reservation: message.reservation,
      replayed: outcome.replayed,
      costUsd: formatUsd(outcome.spent),
      overageUsd: formatUsd(outcome.overage),
      late: outcome.late,
      budgets: this.#publish(outcome),
    };
  }

  /** Gives back what was set aside and not booked. */
  async release(
    principal: Principal,
    message: Message<'release'>,
  ): ReturnType<BursarService['release']> {
    const outcome = await this.#options.tier.execute({
      kind: 'release',
      reservation: reservationId(principal.tenant, message.reservation),
      detail: null,
    });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    return {
      outcome: 'released',
      reservation: message.reservation,
      replayed: outcome.replayed,
      budgets: this.#publish(outcome),
    };
  }

  /** Reserves in the period of `nowMs`, and once more in that of the tier's clock if they differ. */
  async #reserveAt(
    nowMs: InstantMs,
    execute: (nowMs: InstantMs) => Promise<Outcome>,
  ): Promise<Exclude<Outcome, { outcome: 'period_mismatch' }>> {
    const first = await execute(nowMs);
    if (first.outcome !== 'period_mismatch') return first;
    const second = await execute(first.nowMs);
    if (second.outcome !== 'period_mismatch') return second;
    throw new BursarError('store_unavailable', {
      message: "The store's clock jumped over the end of a period twice; nothing was changed. Try again.",
      retryAfterMs: 1_000,
    });
  }

  /**
   * The terms to reserve by: today's price. When none is known any more, a repeat still finds the terms it
   * was made with; anything else is refused.
   */
  async #termsFor(id: ReservationId, message: ReserveMessage): Promise<Terms> {
    const { prices, clock } = this.#options;
    const { user, provider, model, estimate } = message;
    const price = prices.lookup(model, clock.nowMs()) ?? null;
    if (price === null && estimate !== undefined) {
      return (await this.#terms.of(id)) ?? { ...this.#refusePrice(model) };
    }
    const inputTokens = estimate?.inputTokens ?? null;
    return { user, provider, model, price, priceVersion: prices.version, inputTokens };
  }

  #refusePrice(model: string): never {
    priceOrThrow(this.#options.prices, model, this.#options.clock.nowMs());
    throw new BursarError('price_unknown', { field: 'model', message: 'No price is known.' });
  }

  /** The bounds at the pinned price. Throws `price_unknown`, naming `field`, if there is none to apply. */
  #estimated(terms: Terms, bounds: CallBounds | undefined, field: string): EstimateInput | undefined {
    if (bounds === undefined) return undefined;
    if (terms.price !== null) return estimateInputOf(terms.price, terms.model, bounds);
    throw new BursarError('price_unknown', {
      field,
      message: `No price was known for the model ${JSON.stringify(terms.model)} when the call was reserved; send amountUsd instead of ${field}.`,
    });
  }

  async #knownTerms(id: ReservationId): Promise<Terms> {
    const terms = await this.#terms.of(id);
    if (terms === undefined) throw rejectionError('reservation_not_found');
    return terms;
  }

  /** The cost to book, and the ledger's note on it. */
  async #chargeOf(
    id: ReservationId,
    terms: Terms,
    message: Message<'settle'>,
  ): Promise<{ readonly cost: Amount; readonly detail: Json }> {
    const note = {
      provider: terms.provider,
      model: message.model ?? terms.model,
      basis: message.basis,
      priceVersion: terms.price?.version ?? null,
    };
    if (message.usage === undefined) {
      return { cost: parseUsd(message.costUsd ?? '0', 'costUsd'), detail: note };
    }
    const { cost, unpriced } = await chargeFor(message.usage, terms.price, async () => {
      return (await this.#options.tier.reservation(id))?.amount ?? ZERO;
    });
    const usage = { ...message.usage } as Json;
    return {
      cost,
      detail: unpriced.length === 0 ? { ...note, usage } : { ...note, usage, unpriced },
    };
  }

  #allowed(reservation: string, outcome: Done, terms: Terms): Allowed {
    return {
      decision: 'allowed',
      reservation,
      replayed: outcome.replayed,
      heldUsd: formatUsd(outcome.amount),
      deadlineAt: isoOf(outcome.deadlineAtMs ?? this.#options.clock.nowMs()),
      priceVersion: terms.priceVersion,
      budgets: this.#publish(outcome),
    };
  }

  #publish(outcome: Done) {
    this.#options.onChange(outcome.accounts);
    return outcome.accounts.map(budgetViewOf);
  }
}
