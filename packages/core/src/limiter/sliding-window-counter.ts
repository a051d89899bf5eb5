/**
 * Sliding window counter: two counts. The window that ends now is taken to hold all of the present window's,
 * and as much of the one before as it still covers, as if that one had been used evenly.
 *
 * Where it was not, the error is at most the part of the window before that is counted too little, or too
 * much; tests measure it against the log for each shape of traffic.
 */
import type { Counting } from './counting.ts';
import type { SlidingWindowCounterPolicy } from './limiter-policy.ts';
import type { SlidingWindowCounterState } from './limiter-state.ts';
import { scaled, sumToMax } from './ratio.ts';
import { windowAt } from './window.ts';

export const slidingWindowCounter: Counting<'sliding-window-counter'> = {
  at({ windowMs }, state, nowMs) {
    const startMs = windowAt(windowMs, Math.max(state?.startMs ?? 0, nowMs));
    const none = { algorithm: 'sliding-window-counter', startMs, used: 0, before: 0 } as const;
    if (state === undefined) return none;
    if (state.startMs >= startMs) return { ...state, startMs };
    return state.startMs >= startMs - windowMs ? { ...none, before: state.used } : none;
  },
  used: (policy, state, nowMs) => sumToMax(state.used, stillOfBefore(policy, state, nowMs)),
  add: (_policy, state, { permits }) => ({ ...state, used: sumToMax(state.used, permits) }),
  giveBack({ windowMs }, state, permits, takenAtMs) {
    if (takenAtMs >= state.startMs) {
      return { ...state, used: Math.max(0, state.used - permits) };
    }
    return takenAtMs >= state.startMs - windowMs
      ? { ...state, before: Math.max(0, state.before - permits) }
      : state;
  },
  freeAtMs(policy, state, excess, nowMs) {
    const { windowMs } = policy;
    const { startMs, used, before } = state;
    // What may still be in use then.
    const left = sumToMax(used, stillOfBefore(policy, state, nowMs)) - excess;
    return left >= used
      ? whenDownTo(left - used, before, startMs + windowMs, windowMs)
      : whenDownTo(left, used, startMs + 2 * windowMs, windowMs);
  },
  endsAtMs: ({ windowMs }, { startMs, used }) => startMs + (used > 0 ? 2 : 1) * windowMs,
};

/** What the window that ends now still has of the window before; rounded up. */
function stillOfBefore(
  { windowMs }: SlidingWindowCounterPolicy,
  { startMs, before }: SlidingWindowCounterState,
  nowMs: number,
): number {
  const coveredMs = Math.min(windowMs, startMs + windowMs - nowMs);
  const { quotient, rest } = scaled(coveredMs, before, windowMs);
  return quotient + (rest > 0 ? 1 : 0);
}

/** When at most `left` of `count`, which fades evenly until `endMs`, is still counted. */
function whenDownTo(left: number, count: number, endMs: number, windowMs: number): number {
  return left >= count ? endMs - windowMs : endMs - scaled(left, windowMs, count).quotient;
}
