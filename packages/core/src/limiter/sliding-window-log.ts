/** Sliding window log: every take is remembered until it is a window old. Exact, at the price of its memory. */
import type { Counting } from './counting.ts';
import { LOG_MAX } from './limiter-policy.ts';
import type { SlidingWindowLogState } from './limiter-state.ts';
import { sumToMax } from './ratio.ts';

type Entries = SlidingWindowLogState['entries'];

export const slidingWindowLog: Counting<'sliding-window-log'> = {
  at({ windowMs }, state, nowMs) {
    if (state === undefined) return { algorithm: 'sliding-window-log', entries: [] };
    const goneMs = Math.max(lastOf(state.entries), nowMs) - windowMs;
    if ((state.entries[0]?.[0] ?? Infinity) > goneMs) return state;
    return { ...state, entries: state.entries.filter(([atMs]) => atMs > goneMs) };
  },
  used: (_policy, { entries }) => entries.reduce((sum, [, permits]) => sumToMax(sum, permits), 0),
  add(_policy, state, { permits }, nowMs) {
    const { entries } = state;
    const last = entries.at(-1);
    if (last === undefined) return { ...state, entries: [[nowMs, permits]] };
    // Takes of one millisecond are one entry, and so are the last ones of a log that debt has filled.
    const atMs = Math.max(last[0], nowMs);
    const isMerged = last[0] === atMs || entries.length >= LOG_MAX;
    return {
      ...state,
      entries: isMerged
        ? [...entries.slice(0, -1), [atMs, sumToMax(last[1], permits)]]
        : [...entries, [atMs, permits]],
    };
  },
  giveBack: (_policy, state, permits, takenAtMs) => ({
    ...state,
    entries: state.entries.flatMap(([atMs, taken]): Entries => {
      const left = atMs === takenAtMs ? taken - permits : taken;
      return left > 0 ? [[atMs, left]] : [];
    }),
  }),
  freeAtMs({ windowMs }, { entries }, excess) {
    let toGo = excess;
    for (const [atMs, permits] of entries) {
      toGo -= permits;
      if (toGo <= 0) return atMs + windowMs;
    }
    return lastOf(entries) + windowMs;
  },
  endsAtMs: ({ windowMs }, { entries }) => lastOf(entries) + windowMs,
};

function lastOf(entries: Entries): number {
  return entries.at(-1)?.[0] ?? 0;
}
