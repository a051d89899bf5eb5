/** The times of an outage: how long callers and stores are waited for. */
import type { PatienceTimes } from './patience.ts';

/** In milliseconds. */
export interface LenientTimes extends PatienceTimes {
  /** How often the stores are asked whether they are back. */
  readonly probeEveryMs: number;
  /** How long calls may wait while the last of an outage is booked. */
  readonly handoverMs: number;
}

/** What a caller may have to wait for is together less than what a client waits for an answer. */
export const LENIENT_TIMES: LenientTimes = {
  patienceMs: 2_000,
  answerMs: 1_000,
  probeEveryMs: 1_000,
  handoverMs: 4_000,
};
