/**
 * How much to lease: the knob between speed and availability.
 *
 * A holder that has the whole remainder decides everything alone, but while it is away nobody can spend; one
 * that has a quarter costs a few more draws a month. Near the end slices shrink to single calls, so that a
 * burst of exactly N affordable calls admits exactly N. Figures: docs/decisions/0012.
 */
import type { Amount } from '../amount.ts';

/** Largest part of what is available that one draw takes. */
export const LEASE_SHARE: number = 1 / 4;
/** How far ahead a draw looks, in milliseconds: 5 minutes. */
export const LEASE_HORIZON_MS = 300_000;
/** Below this many least leases what is left is drawn call by call. */
const LEASES_LEFT_MIN = 8;
/** A holder that has less than this part of its last draw left draws again before it needs to. */
const PREFETCH_PART = 1 / 3;

/** What a holder asks for. */
export interface LeaseAsk {
  /** What the calls that wait need, beyond what the holder has. */
  readonly need: Amount;
  /** The least of them: with less than this none of them can go on. */
  readonly least: Amount;
  /** What the holder expects to spend within the horizon; `null` when it knows nothing yet. */
  readonly expected: Amount | null;
  /** About four usual calls: not worth drawing less while there is plenty. */
  readonly minimum: Amount;
  /** What the holder's copy is overdrawn by; part of `need` and `least`. */
  readonly owed?: Amount | undefined;
}

/**
 * How much of `available` to grant: at least `need` if it fits, else what is left if it helps anybody, else
 * nothing. `holders` is how many live holders the account has, the asking one included.
 */
export function leaseSize(available: number, ask: LeaseAsk, holders: number): Amount {
  const { need, least, expected, minimum } = ask;
  if (available <= 0) return 0 as Amount;
  if (need > available) return (least <= available ? available : 0) as Amount;
  if (available < LEASES_LEFT_MIN * minimum) return need;
  const share = Math.floor((available * LEASE_SHARE) / (holders > 1 ? 2 * holders : 1));
  const wanted = Math.max(minimum, expected ?? share);
  return Math.max(need, Math.min(wanted, share)) as Amount;
}

/** Whether a holder with `room` left of a last draw of `lastDraw` should draw now, before somebody waits. */
export function shouldPrefetch(room: number, lastDraw: number): boolean {
  return room < lastDraw * PREFETCH_PART;
}
