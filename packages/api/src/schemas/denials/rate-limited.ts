/** Denials because of how fast calls come. Unlike money, room comes back by itself in a known time. */
import type { RateView } from '../rate-view.ts';
import type { Denial } from './denial.ts';

/** One rate limit that has no room for the call. */
export interface ExhaustedRate extends RateView {
  /** When this call fits if no other comes, ISO 8601; `null` when it is more than the whole limit and never does. */
  readonly retryAt: string | null;
}

/** Too fast: nothing is used up, the same call fits a little later. */
export interface RateLimited extends Denial<'rate_limited'> {
  /** Every rate that has no room, the one that takes longest first. Never empty. */
  readonly rates: readonly [ExhaustedRate, ...ExhaustedRate[]];
  /** When to try again, in milliseconds from now; `null` when the call is more than a whole limit. */
  readonly retryAfterMs: number | null;
}
