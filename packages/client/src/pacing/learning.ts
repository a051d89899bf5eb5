/** What the answers to calls say about limits, told to those whom it concerns. */
import type { Allowed, RateLimited } from '@bursar/api';
import { permitsInTruth, permitsTaken, type TrueSize } from './call-size.ts';
import type { KnownLimits } from './known-limits.ts';
import type { Turn } from './turn.ts';

/** Nothing is being asked for `turn` any more, whatever came of it. */
export function answered(turn: Turn): void {
  for (const [{ gate }, permits] of turn.asking) gate.answered(permits);
  turn.asking.clear();
  if (turn.lane.learned === 'asking') turn.lane.learned = 'no';
}

/** It was let through: every limit that it is subject to is named. */
export function learnAllowed(
  turn: Turn,
  decision: Allowed,
  limits: KnownLimits,
  nowMs: number,
): void {
  const { lane, size, taken } = turn;
  const gates = decision.rates.map((rate) => {
    const limit = limits.gateOf(rate);
    const permits = permitsTaken(rate.counts, size, decision);
    limit.gate.allowed(rate, permits, nowMs);
    taken.set(limit, permits);
    return limit;
  });
  lane.gates = new Set(gates);
  lane.learned = 'yes';
}

/** It was refused: some of the limits that it is subject to are named. */
export function learnRefused(
  { lane }: Turn,
  denied: RateLimited,
  limits: KnownLimits,
  nowMs: number,
): void {
  const waits = waitsIn(denied);
  const gates = denied.rates.map((rate, index) => {
    const limit = limits.gateOf(rate);
    limit.gate.refused(rate, waits[index] ?? 0, nowMs);
    return limit;
  });
  lane.gates = new Set([...lane.gates, ...gates]);
  lane.learned = 'yes';
}

/** It has ended. What it took too much is given back where it was settled; slots are free in any case. */
export function learnEnded({ taken }: Turn, truth: TrueSize | undefined): void {
  for (const [{ gate, counts, isOfSlots }, permits] of taken) {
    if (isOfSlots) gate.ended(permits, permits);
    else if (truth !== undefined) gate.ended(permits, permitsInTruth(counts, permits, truth));
  }
  taken.clear();
}

/**
 * How long a refused call has to wait for time to make room, in milliseconds; `undefined` when time does not. Slots do not
 * count: they are free when calls end, which nobody knows before.
 */
export function waitMsFor(denied: RateLimited): number | undefined {
  if (denied.retryAfterMs === null) return undefined;
  const waits = waitsIn(denied).filter((_wait, index) => denied.rates[index]?.windowMs !== null);
  return Math.max(0, ...waits);
}

/** How long each limit of a refusal has no room. The server's clock is only asked for differences. */
function waitsIn({ rates, retryAfterMs }: RateLimited): readonly number[] {
  const longestAtMs = Date.parse(rates[0].retryAt ?? '');
  return rates.map(({ retryAt }) =>
    retryAt === null || retryAfterMs === null
      ? 0
      : Math.max(1, retryAfterMs - (longestAtMs - Date.parse(retryAt))),
  );
}
