/**
 * The pace of an account: what is remembered of its calls, which say how much to ask for when it is drawn.
 *
 * How much of that is granted is core's policy (`lease/size.ts`).
 */
import {
  type Account,
  type Amount,
  type Copy,
  LEASE_HORIZON_MS,
  type LeaseAsk,
} from '@bursar/core';

/** Shortest time over which a pace is measured. */
const PACE_MS = 1_000;
/** A lease is worth drawing for this many usual calls. */
const USUAL_CALLS = 4;

/** What a draw came to: the copy afterwards and the authority's account; or that the lease is no longer good. */
export type Drawn =
  | { readonly outcome: 'drawn'; readonly copy: Copy; readonly account: Account }
  | { readonly outcome: 'superseded' };

/** What is remembered of one account. */
export interface Pace {
  /** Amounts of the calls that wait for the next draw. */
  waiting: Amount[];
  copy: Copy | undefined;
  next: Promise<Drawn> | undefined;
  running: Promise<Drawn> | undefined;
  lastDraw: number;
  quietUntilMs: number;
  /** The copy for which nothing was left, and until when that is relied on. */
  spent: { readonly copy: Copy; readonly untilMs: number } | undefined;
  usual: number;
  /** nano-USD settled per millisecond; undefined until measured. */
  burn: number | undefined;
  mark: { readonly settled: number; readonly atMs: number } | undefined;
}

/** Of an account of which nothing is known yet. */
export function newPace(): Pace {
  return {
    waiting: [],
    copy: undefined,
    next: undefined,
    running: undefined,
    lastDraw: 0,
    quietUntilMs: 0,
    spent: undefined,
    usual: 0,
    burn: undefined,
    mark: undefined,
  };
}

/** Notes a call of `amount`, after which the copy is as it is. */
export function noteCall(pace: Pace, { settled }: Copy, amount: Amount, nowMs: number): void {
  pace.usual = amount > pace.usual ? amount : pace.usual * 0.98 + amount * 0.02;
  const { mark } = pace;
  if (mark === undefined || settled < mark.settled) {
    pace.mark = { settled, atMs: nowMs };
  } else if (nowMs - mark.atMs >= PACE_MS) {
    const burn = (settled - mark.settled) / (nowMs - mark.atMs);
    pace.burn = pace.burn === undefined ? burn : pace.burn * 0.7 + burn * 0.3;
    pace.mark = { settled, atMs: nowMs };
  }
}

/** Asks for nothing: how the authority says what a lease is. */
export const NOTHING: LeaseAsk = {
  need: 0 as Amount,
  least: 0 as Amount,
  expected: 0 as Amount,
  minimum: 0 as Amount,
};

/** What calls of `amounts`, which wait, and those that will come, take beyond `room`. */
export function askFor(
  amounts: readonly Amount[],
  room: number,
  pace: Pick<Pace, 'usual' | 'burn'>,
  isFirst = false,
): LeaseAsk {
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  const least = amounts.reduce((smallest, amount) => Math.min(smallest, amount), Infinity);
  const usual = Math.max(pace.usual, isFirst ? total : 0);
  return {
    need: whole(Math.max(0, total - room)),
    least: whole(Math.max(0, (Number.isFinite(least) ? least : 0) - room)),
    owed: whole(Math.max(0, -room)),
    expected: pace.burn === undefined ? null : whole(pace.burn * LEASE_HORIZON_MS),
    minimum: whole(usual * USUAL_CALLS),
  };
}

function whole(value: number): Amount {
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER) as Amount;
}
