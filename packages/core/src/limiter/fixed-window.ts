/**
 * Fixed window: one count that begins anew at every multiple of the window since 1970. The cheapest, and the
 * least exact: who takes the limit just before a border can take it again just after.
 */
import type { Counting } from './counting.ts';
import { sumToMax } from './ratio.ts';
import { windowAt } from './window.ts';

export const fixedWindow: Counting<'fixed-window'> = {
  at({ windowMs }, state, nowMs) {
    const startMs = windowAt(windowMs, Math.max(state?.startMs ?? 0, nowMs));
    const used = state !== undefined && state.startMs >= startMs ? state.used : 0;
    return { algorithm: 'fixed-window', startMs, used };
  },
  used: (_policy, { used }) => used,
  add: (_policy, state, { permits }) => ({ ...state, used: sumToMax(state.used, permits) }),
  // What was taken in a window that is over is not in use any more.
  giveBack: (_policy, state, permits, takenAtMs) =>
    takenAtMs < state.startMs ? state : { ...state, used: Math.max(0, state.used - permits) },
  freeAtMs: ({ windowMs }, { startMs }) => startMs + windowMs,
  endsAtMs: ({ windowMs }, { startMs }) => startMs + windowMs,
};
