/**
 * Deciding on one limiter: whether a take fits, what is left, and when it fits again.
 *
 * The rules that all ways to count share. Whoever keeps limiters calls these and stores the state; a state
 * that is not given counts as nothing in use. Nothing here reads a clock.
 */
import { assert } from '../assert.ts';
import { isAmount } from '../amount.ts';
import type { ReservationId } from '../ids.ts';
import { INSTANT_MAX, type InstantMs } from '../time.ts';
import { concurrency, freed, held, withoutDue } from './concurrency.ts';
import type { Counting, Take } from './counting.ts';
import { fixedWindow } from './fixed-window.ts';
import { gcra } from './gcra.ts';
import {
  type LimiterAlgorithm,
  limitOfLimiter,
  type LimiterPolicy,
  SLOT_HOLDERS_MAX,
} from './limiter-policy.ts';
import type { LimiterState } from './limiter-state.ts';
import { slidingWindowCounter } from './sliding-window-counter.ts';
import { slidingWindowLog } from './sliding-window-log.ts';
import { tokenBucket } from './token-bucket.ts';

/** A limiter as a caller is shown it. Permits and instants in milliseconds. */
export interface LimiterView {
  /** Most permits that can be in use at once. */
  readonly limit: number;
  /** Permits in use; above the limit when more was charged than fits. */
  readonly used: number;
  /** What still fits, 0 or more. */
  readonly remaining: number;
  /** When nothing is in use any more if nothing else is taken; the present if nothing is. */
  readonly resetAtMs: InstantMs;
  /**
   * When what was asked for fits: the present if it does. `null`: never, it is more than the limit. Of slots it
   * is the earliest that one frees itself; a call that ends frees its slots sooner.
   */
  readonly retryAtMs: InstantMs | null;
}

/** The answer to a take. */
export interface LimiterDecision {
  readonly admitted: boolean;
  /** What is to be kept: as it was if it was not admitted. `undefined`: nothing. */
  readonly state: LimiterState | undefined;
  readonly view: LimiterView;
}

const COUNTINGS: { readonly [A in LimiterAlgorithm]: Counting<A> } = {
  'token-bucket': tokenBucket,
  gcra,
  'fixed-window': fixedWindow,
  'sliding-window-counter': slidingWindowCounter,
  'sliding-window-log': slidingWindowLog,
  concurrency,
};

/** Takes from a limiter if it fits. A take of 0 is admitted if at least 1 would be. */
export function decideLimiter(
  policy: LimiterPolicy,
  state: LimiterState | undefined,
  take: Take,
  nowMs: InstantMs,
): LimiterDecision {
  const { counting, current } = read(policy, state, nowMs);
  const admitted = fits(policy, counting, current, take, nowMs);
  if (!admitted || take.permits === 0) {
    return { admitted, state, view: viewOf(policy, counting, current, take.permits, nowMs) };
  }
  const next = counting.add(policy, current, take, nowMs);
  const view = { ...viewOf(policy, counting, next, 0, nowMs), retryAtMs: nowMs };
  return { admitted, state: next, view };
}

/** What `decideLimiter` would answer to `permits`, with nothing taken. */
export function peekLimiter(
  policy: LimiterPolicy,
  state: LimiterState | undefined,
  permits: number,
  nowMs: InstantMs,
): LimiterView {
  const { counting, current } = read(policy, state, nowMs);
  return viewOf(policy, counting, current, permits, nowMs);
}

/**
 * Makes up the difference between what a call has taken and what it turned out to take: `more` permits, above
 * the limit if need be, or with a sign as many fewer, as far as those taken at `takenAtMs` still count. Slots
 * are held until their reservation ends and stay as they are.
 */
export function chargeLimiter(
  policy: LimiterPolicy,
  state: LimiterState | undefined,
  more: number,
  { takenAtMs, ...by }: Omit<Take, 'permits'> & { readonly takenAtMs: InstantMs },
  nowMs: InstantMs,
): { readonly state: LimiterState | undefined; readonly view: LimiterView } {
  const { counting, current } = read(policy, state, nowMs);
  if (more === 0 || policy.algorithm === 'concurrency') {
    return { state, view: viewOf(policy, counting, current, 0, nowMs) };
  }
  const next =
    more > 0
      ? counting.add(policy, current, { ...by, permits: more }, nowMs)
      : counting.giveBack(policy, current, -more, takenAtMs, nowMs);
  const isNone = counting.used(policy, next, nowMs) === 0;
  return {
    state: isNone ? undefined : next,
    view: viewOf(policy, counting, next, 0, nowMs),
  };
}

/** Frees the slots of a reservation. */
export function endSlots(
  state: LimiterState | undefined,
  reservation: ReservationId,
  nowMs: InstantMs,
): LimiterState | undefined {
  if (state?.algorithm !== 'concurrency') return state;
  const left = freed(withoutDue(state, nowMs), reservation);
  return left.holders.length === 0 ? undefined : left;
}

/**
 * Lets a reservation hold its slots until another deadline. A call that goes on past its deadline holds them
 * again, above the limit if need be: it does run.
 */
export function extendSlots(
  state: LimiterState | undefined,
  { reservation, permits, deadlineAtMs }: Take,
  nowMs: InstantMs,
): LimiterState {
  const slots = withoutDue(state?.algorithm === 'concurrency' ? state : undefined, nowMs);
  return held(slots, reservation, permits, deadlineAtMs);
}

/** When a state that `policy` made is the same as none, if nothing else is taken. */
export function limiterEndsAtMs(
  policy: LimiterPolicy,
  state: LimiterState | undefined,
  nowMs: InstantMs,
): InstantMs {
  return peekLimiter(policy, state, 0, nowMs).resetAtMs;
}

function read(
  policy: LimiterPolicy,
  state: LimiterState | undefined,
  nowMs: InstantMs,
): { readonly counting: Counting<LimiterAlgorithm>; readonly current: LimiterState } {
  // The policy and the state are of this algorithm, which the types cannot say for the whole table.
  const counting = COUNTINGS[policy.algorithm] as unknown as Counting<LimiterAlgorithm>;
  const own = state?.algorithm === policy.algorithm ? state : undefined;
  return { counting, current: counting.at(policy, own, nowMs) };
}

function fits(
  policy: LimiterPolicy,
  counting: Counting<LimiterAlgorithm>,
  current: LimiterState,
  { permits }: Pick<Take, 'permits'>,
  nowMs: InstantMs,
): boolean {
  assert(isAmount(permits), 'permits are whole numbers from 0 to 2^53 − 1');
  if (current.algorithm === 'concurrency' && current.holders.length >= SLOT_HOLDERS_MAX) {
    return false;
  }
  return Math.max(1, permits) <= limitOfLimiter(policy) - counting.used(policy, current, nowMs);
}

/** How `current` looks to who asks for `permits`. */
function viewOf(
  policy: LimiterPolicy,
  counting: Counting<LimiterAlgorithm>,
  current: LimiterState,
  permits: number,
  nowMs: InstantMs,
): LimiterView {
  const limit = limitOfLimiter(policy);
  const used = counting.used(policy, current, nowMs);
  const room = limit - used;
  const wanted = Math.max(1, permits);
  const retryAtMs = (): number | null => {
    if (fits(policy, counting, current, { permits }, nowMs)) return nowMs;
    if (wanted > limit) return null;
    return counting.freeAtMs(policy, current, wanted - room, nowMs);
  };
  return {
    limit,
    used,
    remaining: Math.max(0, room),
    resetAtMs: bounded(used === 0 ? nowMs : counting.endsAtMs(policy, current, nowMs)),
    retryAtMs: bounded(retryAtMs()),
  };
}

function bounded<T extends number | null>(atMs: T): T & InstantMs {
  return (atMs === null ? null : Math.min(atMs, INSTANT_MAX)) as T & InstantMs;
}
