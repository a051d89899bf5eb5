/**
 * Modes: which stores decide at present, why, since when, and what that may cost at worst.
 *
 * Nothing is decided here: every path picks its store by what it finds. This only says it, in answers, in
 * `/readyz` and in logs. In strict mode the worst overspend is nothing, whatever is away, because all that
 * can be spent anywhere was set aside first.
 */
import type { ModeView } from '@bursar/api';
import { type Amount, type Clock, formatUsd, type InstantMs, ZERO } from '@bursar/core';

export type ModeName = ModeView['mode'];

/** The present mode. */
export interface Mode {
  readonly mode: ModeName;
  readonly reason: string | null;
  readonly sinceMs: InstantMs;
  readonly worstOverspend: Amount;
}

/** Where a mode can be asked for. */
export interface ModeSource {
  mode(): Mode;
}

/** How the stores of a hybrid are. */
export interface StoreHealth {
  readonly isRedisOpen: boolean;
  /** Why Redis must not be used although it answers; `null`: it may. */
  readonly redisUnfit: string | null;
  readonly isDatabaseUp: boolean;
}

/** One store, one mode. */
export function directMode(clock: Clock): ModeSource {
  const sinceMs = clock.nowMs();
  return { mode: () => ({ mode: 'direct', reason: null, sinceMs, worstOverspend: ZERO }) };
}

/** The mode of a hybrid, from how its stores are each time it is asked. */
export function hybridMode(clock: Clock, health: () => StoreHealth): ModeSource {
  let last: Pick<Mode, 'mode' | 'sinceMs'> = { mode: 'hybrid', sinceMs: clock.nowMs() };
  return {
    mode() {
      const { mode, reason } = modeOf(health());
      if (mode !== last.mode) last = { mode, sinceMs: clock.nowMs() };
      return { ...last, reason, worstOverspend: ZERO };
    },
  };
}

/** The mode that follows from how the stores are. */
export function modeOf({
  isRedisOpen,
  redisUnfit,
  isDatabaseUp,
}: StoreHealth): Pick<Mode, 'mode' | 'reason'> {
  if (isRedisOpen && isDatabaseUp) return { mode: 'hybrid', reason: null };
  if (isDatabaseUp) {
    const reason =
      redisUnfit === null
        ? 'Redis does not answer; PostgreSQL decides.'
        : `PostgreSQL decides. ${redisUnfit}`;
    return { mode: 'redis-down', reason };
  }
  if (isRedisOpen) {
    return {
      mode: 'db-down',
      reason:
        'PostgreSQL does not answer; Redis goes on within what it has leased, and settlements wait.',
    };
  }
  const reason =
    redisUnfit === null
      ? 'Neither Redis nor PostgreSQL answers; calls are refused.'
      : `PostgreSQL does not answer; calls are refused. ${redisUnfit}`;
  return { mode: 'closed', reason };
}

/** The mode as callers see it. */
export function modeView(mode: Mode): ModeView {
  return {
    mode: mode.mode,
    reason: mode.reason,
    since: new Date(mode.sinceMs).toISOString(),
    worstOverspendUsd: formatUsd(mode.worstOverspend),
  };
}
