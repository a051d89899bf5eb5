/**
 * Modes: which stores decide at present, why, since when, and what that may cost at worst.
 *
 * Nothing is decided here: every path picks its store by what it finds. This only says it, in answers, in
 * `/readyz` and in logs. The worst overspend is nothing, whatever is away, because all that can be spent
 * anywhere was set aside first; but for what a server lets through alone when it may, which is its allowance.
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

/** What a server that decides alone when no store can says about it. */
export interface LenientSource {
  readonly allowance: Amount;
  readonly outage:
    | {
        readonly sinceMs: InstantMs;
        readonly used: Amount;
        readonly isEnding: boolean;
      }
    | undefined;
}

/** The mode of a server that decides alone instead of closing. `usual` is asked each time: stores may still open. */
export function lenientMode(usual: () => ModeSource, lenient: LenientSource): ModeSource {
  return {
    mode() {
      const mode = usual().mode();
      const { outage, allowance } = lenient;
      if (outage === undefined && mode.mode !== 'closed') return mode;
      const { sinceMs, used, isEnding } = outage ?? { ...mode, used: ZERO, isEnding: false };
      return {
        mode: 'lenient',
        reason: isEnding
          ? 'The stores answer again; what was let through is being booked.'
          : `No store answers; this server lets calls through and books them later. $${formatUsd(used)} of its $${formatUsd(allowance)} is used.`,
        sinceMs,
        worstOverspend: allowance,
      };
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

let lastView: { readonly of: Mode; readonly view: ModeView } | undefined;

/** The mode as callers see it. Every answer says it, and it hardly ever changes. */
export function modeView(mode: Mode): ModeView {
  if (lastView !== undefined && isSame(lastView.of, mode)) return lastView.view;
  const view = viewOf(mode);
  lastView = { of: mode, view };
  return view;
}

function isSame(a: Mode, b: Mode): boolean {
  return (
    a.mode === b.mode &&
    a.reason === b.reason &&
    a.sinceMs === b.sinceMs &&
    a.worstOverspend === b.worstOverspend
  );
}

function viewOf(mode: Mode): ModeView {
  return {
    mode: mode.mode,
    reason: mode.reason,
    since: new Date(mode.sinceMs).toISOString(),
    worstOverspendUsd: formatUsd(mode.worstOverspend),
  };
}
