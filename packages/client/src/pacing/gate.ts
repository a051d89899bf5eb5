/** What the pacer knows of one limit: what the server last said of it, and which of our own calls are under way. */
import type { RateView } from '@bursar/api';

/** One limit of one scope, as seen from here. Times in milliseconds of the runtime's clock; permits in what it counts. */
export interface Gate {
  /** What the last call that was let through has taken; 0 before the first. */
  readonly takenLast: number;
  /** Until when there is no room, as the server said; in the past when there may be. */
  readonly refusedUntilMs: number;
  /**
   * When a call that takes `permits` may be asked for, if nothing is heard until then: `nowMs` or earlier means now, `Infinity` not
   * before something is.
   */
  readyAtMs(permits: number, nowMs: number): number;
  /** A call is being asked for. `chance` is from 0 to below 1 and spreads what follows. */
  asked(permits: number, chance: number, nowMs: number): void;
  /** There is an answer to it, or none will come: it is not being asked for any more. */
  answered(permits: number): void;
  /** It was let through and took `taken`; `rate` is how the limit stands since. */
  allowed(rate: RateView, taken: number, nowMs: number): void;
  /** This limit had no room for it before `retryAfterMs` are over; `rate` is how it stands. */
  refused(rate: RateView, retryAfterMs: number, nowMs: number): void;
  /** A call that took `taken` has ended, and took `used` in truth. */
  ended(taken: number, used: number): void;
}
