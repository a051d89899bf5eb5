/**
 * Concurrency slots: permits that a reservation holds until it ends, or, if nobody ends it, until its deadline.
 *
 * The earliest deadline is kept as a lower bound, so that a limiter is only gone through when something is due.
 */
import type { ReservationId } from '../ids.ts';
import { INSTANT_MAX, type InstantMs } from '../time.ts';
import type { Counting } from './counting.ts';
import type { ConcurrencyState } from './limiter-state.ts';
import { sumToMax } from './ratio.ts';

const NONE: ConcurrencyState = {
  algorithm: 'concurrency',
  holders: [],
  nextAtMs: INSTANT_MAX,
  lastAtMs: 0,
};

export const concurrency: Counting<'concurrency'> = {
  at: (_policy, state, nowMs) => withoutDue(state, nowMs),
  used: (_policy, { holders }) => holders.reduce((sum, [, permits]) => sumToMax(sum, permits), 0),
  add: (_policy, state, { reservation, permits, deadlineAtMs }) =>
    held(state, reservation, permits, deadlineAtMs),
  // A reservation holds what it was given until it ends.
  giveBack: (_policy, state) => state,
  // The earliest that a slot frees itself; one whose call ends is free sooner.
  freeAtMs: (_policy, { nextAtMs }) => nextAtMs,
  endsAtMs: (_policy, { lastAtMs }) => lastAtMs,
};

/** The slots that are held at `nowMs`. */
export function withoutDue(
  state: ConcurrencyState | undefined,
  nowMs: InstantMs,
): ConcurrencyState {
  if (state === undefined) return NONE;
  if (state.nextAtMs > nowMs) return state;
  const holders = state.holders.filter(([, , deadlineAtMs]) => deadlineAtMs > nowMs);
  if (holders.length === 0) return NONE;
  const nextAtMs = holders.reduce((next, [, , at]) => Math.min(next, at), INSTANT_MAX as number);
  return { ...state, holders, nextAtMs };
}

/** `reservation` holds `permits` until `deadlineAtMs`, whatever it held before. */
export function held(
  state: ConcurrencyState,
  reservation: ReservationId,
  permits: number,
  deadlineAtMs: InstantMs,
): ConcurrencyState {
  return {
    ...state,
    holders: [...othersThan(state, reservation), [reservation, permits, deadlineAtMs]],
    nextAtMs: Math.min(state.nextAtMs, deadlineAtMs),
    lastAtMs: Math.max(state.lastAtMs, deadlineAtMs),
  };
}

/** `reservation` holds nothing any more. */
export function freed(state: ConcurrencyState, reservation: ReservationId): ConcurrencyState {
  const holders = othersThan(state, reservation);
  return holders.length === 0 ? NONE : { ...state, holders };
}

function othersThan(
  { holders }: ConcurrencyState,
  reservation: ReservationId,
): ConcurrencyState['holders'] {
  return holders.filter(([holder]) => holder !== reservation);
}
