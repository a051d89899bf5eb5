/** Reserving in the right period although two machines' clocks differ. */
import { BursarError, type InstantMs, type Outcome, type WrongPeriod } from '@bursar/core';

/**
 * Executes in the period of `nowMs`, the service's present; when the tier's clock is in another period,
 * once more in that one. Nothing was changed by the first. Throws `store_unavailable` when the tier
 * contradicts its own clock.
 */
export function inPeriod(
  nowMs: InstantMs,
  execute: (nowMs: InstantMs) => Promise<Outcome>,
): Promise<Exclude<Outcome, WrongPeriod>> {
  return execute(nowMs).then((first) =>
    first.outcome === 'period_mismatch' ? onceMore(execute(first.nowMs)) : first,
  );
}

async function onceMore(executing: Promise<Outcome>): Promise<Exclude<Outcome, WrongPeriod>> {
  const second = await executing;
  if (second.outcome !== 'period_mismatch') return second;
  throw new BursarError('store_unavailable', {
    message:
      "The store's clock passed the end of a period twice at once; nothing was changed. Try again.",
    retryAfterMs: 1_000,
  });
}
