/**
 * Rate limits of a whole call: what it takes from its limiters, in the same step as from its budgets.
 *
 * Nothing is taken unless everything is admitted, budgets included, and a repeat takes nothing more. A limiter
 * knows permits, not money: nothing of this is on a journal or in the ledger, and a store that is lost takes
 * its limiters with it.
 */
import type { Account } from '../account/account.ts';
import { assert } from '../assert.ts';
import type { LimiterId } from '../ids.ts';
import {
  chargeLimiter,
  decideLimiter,
  endSlots,
  extendSlots,
  limiterEndsAtMs,
  type LimiterView,
  peekLimiter,
} from '../limiter/decide-limiter.ts';
import type { LimiterPolicy } from '../limiter/limiter-policy.ts';
import type { LimiterState } from '../limiter/limiter-state.ts';
import type { InstantMs } from '../time.ts';
import type { BooksReader } from './books.ts';
import type { Reserve, Settle } from './command.ts';
import { type Decision, NOTHING } from './decision.ts';
import type { Reservation } from './reservation.ts';

/** Most limiters that one call takes from, and most that one settlement charges. */
export const RATES_MAX = 16;

/** What a call takes from one limiter, 0 … `AMOUNT_MAX` permits; or, of a settlement, has taken in truth. */
export interface RateHit {
  readonly limiter: LimiterId;
  readonly policy: LimiterPolicy;
  readonly permits: number;
}

/** How a limiter answers. */
export interface RateAnswer {
  readonly limiter: LimiterId;
  /** Whether it lets the call through; of a settlement always. */
  readonly admits: boolean;
  readonly view: LimiterView;
}

/** What a reservation took from one limiter: kept with it, so that whoever ends it can free its slots. */
export interface TakenRate {
  readonly limiter: LimiterId;
  readonly permits: number;
  /** Whether they are slots, which are held until the reservation ends. */
  readonly isSlot: boolean;
}

/** A limiter that changed. */
export interface LimiterChange {
  readonly id: LimiterId;
  /** `undefined`: nothing is in use. */
  readonly state: LimiterState | undefined;
  /** From when on that is so anyway, and the state need not be kept. */
  readonly endsAtMs: InstantMs;
}

/** What a reservation keeps of what it takes; nothing if it takes nothing. */
export function takenRates({ rates = [] }: Pick<Reserve, 'rates'>): Pick<Reservation, 'rates'> {
  if (rates.length === 0) return {};
  return {
    rates: rates.map(({ limiter, permits, policy }) => ({
      limiter,
      permits,
      isSlot: policy.algorithm === 'concurrency',
    })),
  };
}

/** The limiters that a command about `reservation` may change: those it names, and those with its slots. */
export function limitersOf(
  command: { readonly kind: string } & Pick<Reserve, 'rates'> & Pick<Settle, 'charges'>,
  reservation: Pick<Reservation, 'rates'> | undefined,
): readonly LimiterId[] {
  const named = [...(command.rates ?? []), ...(command.charges ?? [])].map((hit) => hit.limiter);
  // An expired reservation holds no slots any more: they have the same deadline.
  if (command.kind === 'reserve' || command.kind === 'expire') return named;
  const slots = slotsOf(reservation ?? {});
  return [...new Set([...named, ...slots.map(({ limiter }) => limiter)])];
}

/**
 * What becomes of `decision`, the budgets' answer to a reserve, when its limiters are asked too. `accounts` are
 * the accounts as they were.
 */
export function withRates(
  books: BooksReader,
  { rates = [], reservation }: Reserve,
  decision: Decision,
  accounts: readonly Account[],
  deadlineAtMs: InstantMs,
  isRepeat: boolean,
  nowMs: InstantMs,
): Decision {
  const { outcome, changes } = decision;
  if (rates.length === 0) return decision;
  assertDistinct(rates);
  if (outcome.outcome !== 'applied' && outcome.outcome !== 'denied') return decision;
  if (isRepeat) return { outcome: { ...outcome, rates: peekAll(books, rates, nowMs) }, changes };
  const steps = rates.map(({ limiter, policy, permits }) => {
    const take = { permits, reservation, deadlineAtMs };
    const { admitted, state, view } = decideLimiter(policy, books.limiter(limiter), take, nowMs);
    const change = { id: limiter, state, endsAtMs: limiterEndsAtMs(policy, state, nowMs) };
    return { answer: { limiter, admits: admitted, view }, change, isTaken: permits > 0 };
  });
  if (outcome.outcome === 'denied' || steps.some(({ answer }) => !answer.admits)) {
    const { shortfalls = [] } = outcome.outcome === 'denied' ? outcome : {};
    const answers = peekAll(books, rates, nowMs);
    return {
      outcome: { outcome: 'denied', shortfalls, accounts, rates: answers },
      changes: NOTHING,
    };
  }
  const taken = steps.filter(({ isTaken }) => isTaken);
  return {
    outcome: { ...outcome, rates: steps.map(({ answer }) => answer) },
    changes: { ...changes, limiters: taken.map(({ change }) => change) },
  };
}

/** `decision`, an extension of `reservation`, with its slots held until its new deadline. */
export function withSlotsExtended(
  books: BooksReader,
  reservation: Reservation,
  decision: Decision,
  nowMs: InstantMs,
): Decision {
  const { outcome, changes } = decision;
  const slots = slotsOf(reservation);
  if (outcome.outcome !== 'applied' || outcome.replayed || slots.length === 0) return decision;
  const deadlineAtMs = outcome.deadlineAtMs ?? nowMs;
  const limiters = slots.map(({ limiter, permits }) => {
    const take = { permits, reservation: reservation.id, deadlineAtMs };
    return slotChange(limiter, extendSlots(books.limiter(limiter), take, nowMs), nowMs);
  });
  return { outcome, changes: { ...changes, limiters } };
}

/**
 * `decision`, which ended `reservation`, with its slots freed and its limiters charged what it took in truth.
 * A charge is never refused, and as the settlement that brings it, it happens once.
 */
export function withRatesEnded(
  books: BooksReader,
  reservation: Reservation,
  charges: Settle['charges'] = [],
  decision: Decision,
  nowMs: InstantMs,
): Decision {
  const { outcome, changes } = decision;
  const slots = slotsOf(reservation);
  if (charges.length + slots.length === 0) return decision;
  assertDistinct(charges);
  if (outcome.outcome !== 'applied' || outcome.replayed) return decision;
  const freed = slots.map(({ limiter }) => freedSlots(books, reservation, limiter, nowMs));
  // A charge of slots that have just been freed shows them free.
  const stateOf = (id: LimiterId): LimiterState | undefined => {
    const change = freed.find((other) => other.id === id);
    return change === undefined ? books.limiter(id) : change.state;
  };
  const charged = charges.map((charge) => chargeOf(stateOf, reservation, charge, nowMs));
  return {
    outcome:
      charges.length === 0 ? outcome : { ...outcome, rates: charged.map(({ answer }) => answer) },
    changes: {
      ...changes,
      limiters: [...freed, ...charged.flatMap(({ change }) => change)],
    },
  };
}

/** What changes when a reservation gives up its slots of one limiter. */
export function freedSlots(
  books: Pick<BooksReader, 'limiter'>,
  reservation: Pick<Reservation, 'id'>,
  limiter: LimiterId,
  nowMs: InstantMs,
): LimiterChange {
  return slotChange(limiter, endSlots(books.limiter(limiter), reservation.id, nowMs), nowMs);
}

/** The limiters of which a reservation holds slots. */
export function slotsOf({ rates = [] }: Pick<Reservation, 'rates'>): readonly TakenRate[] {
  return rates.filter(({ isSlot, permits }) => isSlot && permits > 0);
}

function chargeOf(
  stateOf: (id: LimiterId) => LimiterState | undefined,
  { id, rates = [], createdAtMs }: Reservation,
  { limiter, policy, permits }: RateHit,
  nowMs: InstantMs,
): { readonly answer: RateAnswer; readonly change: readonly LimiterChange[] } {
  const taken = rates.find((rate) => rate.limiter === limiter)?.permits ?? 0;
  const before = stateOf(limiter);
  const { state, view } = chargeLimiter(
    policy,
    before,
    permits - taken,
    { reservation: id, deadlineAtMs: nowMs, takenAtMs: createdAtMs },
    nowMs,
  );
  const endsAtMs = limiterEndsAtMs(policy, state, nowMs);
  return {
    answer: { limiter, admits: true, view },
    change: state === before ? [] : [{ id: limiter, state, endsAtMs }],
  };
}

function peekAll(
  books: BooksReader,
  rates: readonly RateHit[],
  nowMs: InstantMs,
): readonly RateAnswer[] {
  return rates.map(({ limiter, policy, permits }) => {
    const view = peekLimiter(policy, books.limiter(limiter), permits, nowMs);
    return { limiter, admits: view.retryAtMs === nowMs, view };
  });
}

function slotChange(
  id: LimiterId,
  state: LimiterState | undefined,
  nowMs: InstantMs,
): LimiterChange {
  const endsAtMs = state?.algorithm === 'concurrency' ? state.lastAtMs : nowMs;
  return { id, state, endsAtMs: endsAtMs as InstantMs };
}

function assertDistinct(rates: readonly RateHit[]): void {
  assert(
    rates.length <= RATES_MAX && new Set(rates.map(({ limiter }) => limiter)).size === rates.length,
    'a call takes from at most 16 limiters, each once',
  );
}
