/**
 * GCRA, the generic cell rate algorithm: a token bucket that keeps nothing but the instant at which it will be
 * full again (the theoretical arrival time, TAT).
 */
import { INSTANT_MAX, type InstantMs } from '../time.ts';
import { type Flow, type Level, msUntilGone } from './bucket.ts';
import type { Counting } from './counting.ts';
import type { GcraPolicy } from './limiter-policy.ts';
import type { GcraState } from './limiter-state.ts';
import { scaled, sumToMax } from './ratio.ts';

export const gcra: Counting<'gcra'> = {
  at(policy, state, nowMs) {
    if (state === undefined || state.tatMs < nowMs) {
      return { algorithm: 'gcra', tatMs: nowMs, part: 0 };
    }
    return { ...state, part: Math.min(state.part, policy.limit - 1) };
  },
  used: (policy, state, nowMs) => levelOf(policy, state, nowMs).used,
  add(policy, state, { permits }) {
    const { wholeMs, part } = spacingOf(policy, permits);
    // Without a sum that could pass 2^53.
    const carry = state.part >= policy.limit - part ? 1 : 0;
    const tatMs = state.tatMs + wholeMs + carry;
    if (tatMs >= INSTANT_MAX) return { ...state, tatMs: INSTANT_MAX, part: 0 };
    return {
      ...state,
      tatMs,
      part: carry === 1 ? state.part - (policy.limit - part) : state.part + part,
    };
  },
  giveBack(policy, state, permits, _takenAtMs, nowMs) {
    const { wholeMs, part } = spacingOf(policy, permits);
    const borrow = state.part < part ? 1 : 0;
    const tatMs = state.tatMs - wholeMs - borrow;
    if (tatMs < nowMs) return { ...state, tatMs: nowMs, part: 0 };
    return {
      ...state,
      tatMs,
      part: borrow === 1 ? state.part + (policy.limit - part) : state.part - part,
    };
  },
  freeAtMs: (policy, state, excess, nowMs) =>
    nowMs + msUntilGone(levelOf(policy, state, nowMs), excess, flowOf(policy)),
  endsAtMs: (_policy, { tatMs, part }) => tatMs + (part > 0 ? 1 : 0),
};

/** What a bucket would hold that is full again at the state's instant. */
function levelOf({ limit, windowMs }: GcraPolicy, state: GcraState, nowMs: InstantMs): Level {
  const toGoMs = state.tatMs - nowMs;
  const intoMs = toGoMs % windowMs;
  const whole = (toGoMs - intoMs) / windowMs;
  const { quotient, rest } = scaled(intoMs, limit, windowMs);
  const partRest = state.part % windowMs;
  const partWhole = (state.part - partRest) / windowMs;
  const parts = rest + partRest;
  const carry = parts >= windowMs ? 1 : 0;
  const left = parts - carry * windowMs;
  const used = sumToMax(whole * limit, quotient + partWhole + carry + (left > 0 ? 1 : 0));
  return { used, part: left > 0 ? windowMs - left : 0 };
}

/** How far `permits` move the instant. */
function spacingOf(
  { limit, windowMs }: GcraPolicy,
  permits: number,
): { readonly wholeMs: number; readonly part: number } {
  const within = permits % limit;
  const whole = (permits - within) / limit;
  const { quotient, rest } = scaled(within, windowMs, limit);
  return { wholeMs: whole * windowMs + quotient, part: rest };
}

function flowOf({ limit, windowMs }: GcraPolicy): Flow {
  return { permits: limit, everyMs: windowMs };
}
