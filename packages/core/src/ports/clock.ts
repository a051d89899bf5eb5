/** Where time comes from. Tests hand one in; drivers otherwise use the clock of their store. */
import type { InstantMs } from '../time.ts';

/** A source of the present. */
export interface Clock {
  /** The present, in milliseconds since 1970. */
  nowMs(): InstantMs;
}
