/**
 * The circuit breaker port: whether a dependency is asked at all.
 *
 * Opens on `FAILURES_TO_OPEN` failures in a row (one success in between starts the count anew), stays open
 * for `OPEN_MS`, then lets exactly one probe decide. While it is open nothing else reaches the dependency.
 */

/** Consecutive failures that open a breaker. */
export const FAILURES_TO_OPEN = 5;
/** How long an open breaker waits before its probe. */
export const OPEN_MS = 60_000;

/** `open`: nothing passes. `probing`: one probe is under way, nothing else passes. */
export type BreakerState = 'closed' | 'open' | 'probing';

/** A breaker around one dependency. */
export interface Breaker {
  readonly state: BreakerState;
  /**
   * Runs `action` and counts how it ended, if the breaker is closed. Rejects with `BreakerOpen`, without running
   * it, otherwise; and with whatever `action` rejects with.
   */
  run<Result>(action: () => Promise<Result>): Promise<Result>;
  /** Stops waiting and closes for good. */
  stop(): void;
}

/** How a breaker is made. */
export interface BreakerOptions {
  /** Asks the dependency whether it is well. Success closes the breaker, failure opens it again. */
  readonly probe: () => Promise<void>;
  /** Whether an error says that the dependency is not well; others pass uncounted. */
  readonly isFailure: (error: unknown) => boolean;
  readonly onChange: (state: BreakerState) => void;
  readonly failuresToOpen?: number;
  readonly openMs?: number;
}

/** The dependency was not asked. */
export class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen';
}
