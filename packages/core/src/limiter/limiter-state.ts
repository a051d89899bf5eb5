/**
 * Limiter states: what has to be kept between two decisions. Plain data, for JSON.
 *
 * No state means nothing is in use. A state says which algorithm made it; under a policy with another one it
 * counts as none. All of them keep what is in use, not what is left, so that a policy with another limit acts
 * on the next call and forgets nothing; GCRA keeps it as time, and so another limit turns it into more or fewer.
 */
import type { ReservationId } from '../ids.ts';
import type { LimiterAlgorithm } from './limiter-policy.ts';

/** `used` permits at `atMs`, less `part` of `refillEveryMs` parts of a permit that are refilled already. */
export interface TokenBucketState {
  readonly algorithm: 'token-bucket';
  readonly used: number;
  readonly part: number;
  readonly atMs: number;
}

/** When the last permit taken is due, if they are spaced evenly: `tatMs` and `part` of `limit` parts of a millisecond. */
export interface GcraState {
  readonly algorithm: 'gcra';
  readonly tatMs: number;
  readonly part: number;
}

/** `used` in the window that began at `startMs`. */
export interface FixedWindowState {
  readonly algorithm: 'fixed-window';
  readonly startMs: number;
  readonly used: number;
}

/** `used` in the window that began at `startMs`, and in the window `before` it. */
export interface SlidingWindowCounterState {
  readonly algorithm: 'sliding-window-counter';
  readonly startMs: number;
  readonly used: number;
  readonly before: number;
}

/** Every take that counts, oldest first, at most `LOG_MAX`; takes of one millisecond are one. */
export interface SlidingWindowLogState {
  readonly algorithm: 'sliding-window-log';
  readonly entries: readonly (readonly [atMs: number, permits: number])[];
}

/** The permits that reservations hold, and until when each holds them at most. */
export interface ConcurrencyState {
  readonly algorithm: 'concurrency';
  readonly holders: readonly (readonly [
    reservation: ReservationId,
    permits: number,
    deadlineAtMs: number,
  ])[];
  /** No deadline is before this. */
  readonly nextAtMs: number;
  /** No deadline is after this. */
  readonly lastAtMs: number;
}

/** What a limiter keeps. */
export type LimiterState =
  | TokenBucketState
  | GcraState
  | FixedWindowState
  | SlidingWindowCounterState
  | SlidingWindowLogState
  | ConcurrencyState;

/** The state of one algorithm. */
export type StateOf<A extends LimiterAlgorithm> = Extract<LimiterState, { readonly algorithm: A }>;
