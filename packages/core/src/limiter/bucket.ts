/**
 * A bucket that runs off evenly: what token bucket and GCRA have in common.
 *
 * A level is `used` permits less `part` of `everyMs` parts of a permit. `permits` run off every `everyMs`.
 */
import { INSTANT_MAX } from '../time.ts';
import { scaled } from './ratio.ts';

/** What a bucket holds. */
export interface Level {
  readonly used: number;
  readonly part: number;
}

/** How fast it runs off. */
export interface Flow {
  readonly permits: number;
  readonly everyMs: number;
}

const EMPTY: Level = { used: 0, part: 0 };

/** `level` after `elapsedMs`. */
export function runOff(level: Level, elapsedMs: number, { permits, everyMs }: Flow): Level {
  const intoMs = elapsedMs % everyMs;
  const whole = (elapsedMs - intoMs) / everyMs;
  const { quotient, rest } = scaled(intoMs, permits, everyMs);
  // Both are below `everyMs`, so they are less than two permits.
  const parts = rest + Math.min(level.part, everyMs - 1);
  const carry = parts >= everyMs ? 1 : 0;
  // Above 2^53 the sum is inexact, and larger than any level.
  const gone = whole * permits + quotient + carry;
  return gone >= level.used ? EMPTY : { used: level.used - gone, part: parts - carry * everyMs };
}

/** In how many milliseconds `permits` of the level have run off; at most `INSTANT_MAX`. */
export function msUntilGone(level: Level, wanted: number, { permits, everyMs }: Flow): number {
  const within = wanted % permits;
  const whole = (wanted - within) / permits;
  const { quotient, rest } = scaled(within, everyMs, permits);
  // Rounded up: the smallest time in which `within` less what has run off of the first one is gone.
  const more = rest > level.part ? 1 : -Math.floor((level.part - rest) / permits);
  return Math.min(whole * everyMs + quotient + more, INSTANT_MAX);
}
