/**
 * Metering: reserve, extend, settle and release, from a caller's message to a tier's command and back.
 *
 * Names and prices things; decides no money, which the tier does. Every message may be repeated: the
 * caller's id of the reservation is its idempotency key.
 */
import type { Allowed, BudgetView, BursarService, Denied, ModeView, Principal } from '@bursar/api';
import {
  type Account,
  type Clock,
  type Done,
  duration,
  formatUsd,
  larger,
  type OtherClass,
  type PriceTable,
  type ReservationId,
  reservationId,
  type Tier,
  totalOutputTokens,
  type Usage,
  ZERO,
} from '@bursar/core';
import type { OwnKeys } from '../own-keys/own-keys.ts';
import { Admission } from './admission.ts';
import { budgetViewOf, isoOf } from './budget-view.ts';
import { estimateCall, pricedUnits } from './call-estimate.ts';
import { type CallRate, chargesOf, rateViewsOf } from './call-rates.ts';
import type { Charges } from './charges.ts';
import { denialOf, tooManyInputTokens } from './denial.ts';
import type { ReserveMessage } from './fingerprint.ts';
import { fundingViewOf } from './funding.ts';
import { featureIn, type LearnedEstimates } from './learned-estimates.ts';
import { rejectionError } from './rejection.ts';
import { type SettleMessage, settlementOf } from './settlement.ts';
import { TermsBook } from './terms-book.ts';
import { type Terms, termsFromJson, termsToJson } from './terms.ts';
import { Turns } from './turns.ts';

type ExtendMessage = Parameters<BursarService['extend']>[1];
type ReleaseMessage = Parameters<BursarService['release']>[1];

/** Why a reservation that has ended so is of no use any more. */
const ENDED = {
  settled: 'reservation_already_settled',
  released: 'reservation_already_released',
  expired: 'reservation_expired',
} as const;

/** What metering needs. */
export interface MeterOptions {
  readonly tier: Tier;
  readonly charges: Charges;
  readonly ownKeys: OwnKeys;
  readonly prices: PriceTable;
  readonly clock: Clock;
  /** Life of a reservation that names none: as long as the longest call. */
  readonly tentativeTtlMs: number;
  /** Life between two heartbeats of a running call that name none. */
  readonly dispatchedTtlMs: number;
  /** Most input tokens that a call may be estimated to have. */
  readonly inputTokensMax: number;
  readonly estimates: LearnedEstimates;
  /** In which mode answers are given, at this moment. */
  readonly mode: () => ModeView;
  /** Told of the accounts as each command has left them. */
  readonly onChange: (accounts: readonly Account[]) => void;
}

/** The four commands around a call to a model. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #terms: TermsBook;
  readonly #admission: Admission;
  readonly #turns = new Turns();

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
    this.#terms = new TermsBook(options.tier, options.prices);
  }

  /** Sets the call's possible cost aside, or says why not. */
  async reserve(principal: Principal, message: ReserveMessage): Promise<Allowed | Denied> {
    const id = reservationId(principal.tenant, message.reservation);
    return await this.#turns.take(id, () => this.#reserve(principal, message, id));
  }

  async #reserve(
    principal: Principal,
    message: ReserveMessage,
    id: ReservationId,
  ): Promise<Allowed | Denied> {
    const { clock, charges, inputTokensMax, estimates } = this.#options;
    // The bound is on one call; a batch has many.
    const inputTokens =
      message.estimate?.many?.inputTokensMax ?? message.estimate?.inputTokens ?? 0;
    if (inputTokens > inputTokensMax) {
      return tooManyInputTokens(inputTokens, inputTokensMax, this.#options.mode());
    }
    if (!charges.isReady) await charges.ready;
    const startedAtMs = clock.nowMs();
    const terms =
      this.#terms.agree(message, startedAtMs) ??
      (await this.#terms.agreedBefore(id, message, startedAtMs));
    const feature = featureIn(message.scopes);
    const key = { tenant: principal.tenant, model: message.model, feature };
    const wanted = estimateCall(message, terms, (worst) => estimates.outputTokens(key, worst));
    const decided = await this.#admission.decide({
      principal,
      message,
      id,
      terms,
      wanted,
      feature,
      startedAtMs,
    });
    const { outcome, rates, askedAtMs, ownKey } = decided;
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    if (outcome.outcome === 'denied') {
      const { amount, bounds } = wanted;
      const request = {
        needed: amount ?? ZERO,
        alreadyHeld: ZERO,
        bounds,
        rates: { asked: rates, nowMs: askedAtMs },
        ownKey,
      };
      return denialOf(outcome, request, this.#options.mode());
    }
    // A repeat is answered with the terms it was made with, which the price table may have left behind.
    const agreed =
      outcome.replayed && outcome.reservation !== undefined
        ? termsFromJson(outcome.reservation.terms)
        : decided.terms;
    this.#terms.keep(id, agreed);
    const chargedBy = Object.keys(pricedUnits(message, agreed.price) ?? {}) as OtherClass[];
    const allowed = this.#allowed(message.reservation, outcome, agreed, rates);
    return chargedBy.length === 0 ? allowed : { ...allowed, chargedBy };
  }

  /** Heartbeat: more time, and more money if asked for. A refusal leaves the reservation as it was. */
  async extend(principal: Principal, message: ExtendMessage): Promise<Allowed | Denied> {
    const { tier, dispatchedTtlMs } = this.#options;
    const id = reservationId(principal.tenant, message.reservation);
    const terms = await this.#terms.of(id);
    const { amount, bounds, basis } = estimateCall(message, terms);
    const outcome = await tier.execute({
      kind: 'extend',
      reservation: id,
      amount,
      ttlMs: duration(message.ttlMs ?? dispatchedTtlMs, 'ttlMs'),
      dispatched: message.dispatched,
    });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    if (outcome.outcome === 'denied') {
      const snapshot = await tier.reservation(id);
      const alreadyHeld = larger(snapshot?.amount ?? ZERO, snapshot?.spent ?? ZERO);
      const request = { needed: amount ?? ZERO, alreadyHeld, bounds };
      return denialOf(outcome, request, this.#options.mode());
    }
    return this.#allowed(message.reservation, outcome, {
      ...terms,
      output: bounds ? { tokensMax: bounds.outputTokensMax, basis, clamped: false } : null,
    });
  }

  /** Books what the call has cost: late, over the limit and twice, too. */
  async settle(principal: Principal, message: SettleMessage): ReturnType<BursarService['settle']> {
    const { tier, clock, charges } = this.#options;
    if (!charges.isReady) await charges.ready;
    const id = reservationId(principal.tenant, message.reservation);
    const { call } = message;
    const nowMs = clock.nowMs();
    const terms =
      this.#terms.recent(id) ??
      (await (call === undefined ? this.#terms.of(id) : this.#terms.ofOrFor(id, call, nowMs)));
    const { cost: priced, detail, isAtLeast } = settlementOf(message, terms);
    const cost = isAtLeast ? larger(priced, (await tier.reservation(id))?.amount ?? ZERO) : priced;
    const { final, ack } = message;
    const usage = message.usage as Usage | undefined;
    const trueTakes = final ? chargesOf(terms.rates, { usage, cost, units: message.units }) : [];
    const outcome = await tier.execute({
      kind: 'settle',
      reservation: id,
      cost,
      final,
      ack,
      ...(call === undefined
        ? {}
        : {
            adopt: {
              // Where it was reserved, if anybody still knows; else where it would be now.
              legs: terms.legs ?? charges.spentOn(principal, call, terms.funding, nowMs),
              terms: termsToJson(terms),
            },
          }),
      ...(trueTakes.length > 0 && { charges: trueTakes }),
      detail,
    });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    if (final && !outcome.replayed) this.#learn(principal, message, terms, outcome);
    return {
      outcome: 'settled',
      reservation: message.reservation,
      replayed: outcome.replayed,
      costUsd: formatUsd(outcome.spent),
      overageUsd: formatUsd(outcome.overage),
      late: outcome.late,
      budgets: this.#budgetsAfter(outcome),
      mode: this.#options.mode(),
    };
  }

  /** What was agreed for a reservation that is open. Throws `reservation_not_found`, or how it has ended. */
  async termsOfOpen(principal: Principal, reservation: string): Promise<Terms> {
    const snapshot = await this.#options.tier.reservation(
      reservationId(principal.tenant, reservation),
    );
    if (snapshot === undefined) throw rejectionError('reservation_not_found');
    if (snapshot.state !== 'reserved') throw rejectionError(ENDED[snapshot.state]);
    return termsFromJson(snapshot.reservation.terms);
  }

  /** Gives back what was set aside and not booked. */
  async release(
    principal: Principal,
    message: ReleaseMessage,
  ): ReturnType<BursarService['release']> {
    const id = reservationId(principal.tenant, message.reservation);
    const { tier } = this.#options;
    const outcome = await this.#turns.take(id, () =>
      tier.execute({ kind: 'release', reservation: id, detail: null }),
    );
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code);
    return {
      outcome: 'released',
      reservation: message.reservation,
      replayed: outcome.replayed,
      budgets: this.#budgetsAfter(outcome),
      mode: this.#options.mode(),
    };
  }

  /** Learns from a call that has ended, what was set aside for it having been estimated from tokens. */
  #learn({ tenant }: Principal, message: SettleMessage, terms: Terms, outcome: Done): void {
    const { usage, basis } = message;
    if (terms.output === null || usage === undefined) return;
    const key = { tenant, model: terms.model, feature: terms.output.feature };
    this.#options.estimates.onSettled(key, terms.output, {
      reportedTokens: basis === 'reported' ? totalOutputTokens(usage as Usage) : undefined,
      held: outcome.amount,
      spent: outcome.spent,
      overage: outcome.overage,
    });
  }

  #allowed(
    reservation: string,
    outcome: Done,
    terms: Terms,
    rates: readonly CallRate[] = [],
  ): Allowed {
    const nowMs = this.#options.clock.nowMs();
    return {
      decision: 'allowed',
      reservation,
      replayed: outcome.replayed,
      heldUsd: formatUsd(outcome.amount),
      outputTokensMax: terms.output?.tokensMax ?? null,
      clamped: terms.output?.clamped ?? false,
      deadlineAt: isoOf(outcome.deadlineAtMs ?? nowMs),
      priceVersion: terms.priceVersion,
      funding: fundingViewOf(terms.funding, terms.provider),
      budgets: this.#budgetsAfter(outcome),
      rates: rateViewsOf(outcome.rates ?? [], rates, nowMs),
      mode: this.#options.mode(),
    };
  }

  #budgetsAfter(outcome: Done): readonly BudgetView[] {
    this.#options.onChange(outcome.accounts);
    return outcome.accounts.map(budgetViewOf);
  }
}
