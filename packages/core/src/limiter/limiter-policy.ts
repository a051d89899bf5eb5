/**
 * Limiter policies: how a limiter counts, and how much it lets through.
 *
 * Permits are whole numbers from 0 to 2^53 − 1 (`AMOUNT_MAX`), so that a limiter can count nano-USD as well as
 * requests; times are whole milliseconds. What suits which purpose: docs/rate-limits.md.
 */
import type { DurationMs } from '../time.ts';

/** Longest window, and longest time in which an empty bucket fills: 31 days. */
export const WINDOW_MAX_MS: number = 31 * 86_400_000;
/** Largest limit of a log, and most entries that it keeps. */
export const LOG_MAX = 10_000;
/** Most reservations that hold slots of one limiter at once. */
export const SLOT_HOLDERS_MAX = 10_000;

/** Lets `capacity` through at once, and `refillPermits` more every `refillEveryMs`, evenly. */
export interface TokenBucketPolicy {
  readonly algorithm: 'token-bucket';
  readonly capacity: number;
  readonly refillPermits: number;
  readonly refillEveryMs: DurationMs;
}

/** `limit` for each `windowMs`, evenly spaced, up to `burst` of them at once. Equals a token bucket, in one number. */
export interface GcraPolicy {
  readonly algorithm: 'gcra';
  readonly limit: number;
  readonly windowMs: DurationMs;
  readonly burst: number;
}

/** `limit` from one multiple of `windowMs` since 1970 to the next. Across a border up to twice as much passes. */
export interface FixedWindowPolicy {
  readonly algorithm: 'fixed-window';
  readonly limit: number;
  readonly windowMs: DurationMs;
}

/** `limit` for each `windowMs` ending now, taking it that the window before was used evenly. */
export interface SlidingWindowCounterPolicy {
  readonly algorithm: 'sliding-window-counter';
  readonly limit: number;
  readonly windowMs: DurationMs;
}

/** `limit` (at most `LOG_MAX`) for each `windowMs` ending now, exactly: every take is remembered. */
export interface SlidingWindowLogPolicy {
  readonly algorithm: 'sliding-window-log';
  readonly limit: number;
  readonly windowMs: DurationMs;
}

/** `limit` at any moment: a reservation holds its permits until it ends, or until its deadline. */
export interface ConcurrencyPolicy {
  readonly algorithm: 'concurrency';
  readonly limit: number;
}

/** How a limiter counts. A limit of 0 lets nothing through. */
export type LimiterPolicy =
  | TokenBucketPolicy
  | GcraPolicy
  | FixedWindowPolicy
  | SlidingWindowCounterPolicy
  | SlidingWindowLogPolicy
  | ConcurrencyPolicy;

/** The ways to count. */
export type LimiterAlgorithm = LimiterPolicy['algorithm'];

/** The policy of one algorithm. */
export type PolicyOf<A extends LimiterAlgorithm> = Extract<
  LimiterPolicy,
  { readonly algorithm: A }
>;

/**
 * The time that the limit is for, in milliseconds, rounded up: of a bucket, in which an empty one fills. `null` of
 * slots, which no time frees.
 */
export function windowOfLimiter(policy: LimiterPolicy): number | null {
  switch (policy.algorithm) {
    case 'token-bucket':
      return Math.ceil((policy.capacity / policy.refillPermits) * policy.refillEveryMs);
    case 'gcra':
      return Math.ceil((policy.burst / policy.limit) * policy.windowMs);
    case 'concurrency':
      return null;
    default:
      return policy.windowMs;
  }
}

/** Most permits that can be in use at once. */
export function limitOfLimiter(policy: LimiterPolicy): number {
  switch (policy.algorithm) {
    case 'token-bucket':
      return policy.capacity;
    case 'gcra':
      return policy.burst;
    default:
      return policy.limit;
  }
}
