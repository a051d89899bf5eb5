/** A clock that stands still until a test moves it. */
import type { Clock, InstantMs } from '@bursar/core';

/** Noon of 15 November 2026 in UTC: far from both ends of the month. */
export const MID_NOVEMBER: InstantMs = Date.UTC(2026, 10, 15, 12) as InstantMs;

/** Time as tests tell it. */
export class ManualClock implements Clock {
  #nowMs: InstantMs;

  constructor(nowMs: InstantMs = MID_NOVEMBER) {
    this.#nowMs = nowMs;
  }

  nowMs(): InstantMs {
    return this.#nowMs;
  }

  /** Moves time to `nowMs`; going back is allowed, as real clocks do it too. */
  set(nowMs: InstantMs | number): void {
    this.#nowMs = nowMs as InstantMs;
  }

  advance(byMs: number): void {
    this.#nowMs = (this.#nowMs + byMs) as InstantMs;
  }
}
