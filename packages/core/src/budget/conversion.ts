/**
 * Conversion: what a budget has spent, when its period rule or zone is changed within a period.
 *
 * A changed limit, mode or plan changes nothing here: the account goes on, with everything that is booked on
 * it. A changed period rule has new calls charged to the account of another period, and that account opens
 * with what the calls of its own period have cost on the budget's other accounts: as much as it would show
 * if the new rule had always been in force. So changing the rule neither forgives what was spent in
 * the new period nor charges it for what was spent before. A call belongs to the period in which it was
 * reserved, whenever it is settled, because that is where the new rule would have put it.
 *
 * Reservations that are open at the change stay where they are and are settled there. What they keep aside
 * counts as carried, and so does what they cost once it is booked; as that becomes known, the difference is
 * posted. Like everything that is told twice, what is carried is a total (docs/decisions/0004).
 */
import { type Amount, AMOUNT_MAX, difference, type SignedAmount, ZERO } from '../amount.ts';
import type { LedgerEntry } from '../account/ledger-entry.ts';
import type { InstantMs } from '../time.ts';
import { type Period, periodAt } from './period.ts';
import type { PeriodRule } from './period-rule.ts';

/** Keys of the adjustments that carry spend over begin with this; callers' own keys must not. */
export const CARRY_KEY_PREFIX = 'carry:';

/** What the ledger says about each adjustment that carries. */
export const CARRY_DETAIL = {
  by: 'policies',
  reason: 'spent on the budget in this period, under another period rule',
} as const;

/** What a change of the period rule means at one instant. */
export type Conversion =
  /** The same account goes on. */
  | { readonly kind: 'same'; readonly period: Period }
  /** New calls are charged in `to`; open reservations stay in `from`. What calls of `to` have cost is carried. */
  | { readonly kind: 'moved'; readonly from: Period; readonly to: Period };

/** Which account of a budget is charged from `atMs` on, when its rule `before` becomes `after` then. */
export function conversionAt(before: PeriodRule, after: PeriodRule, atMs: InstantMs): Conversion {
  const from = periodAt(before, atMs);
  const to = periodAt(after, atMs);
  return from.id === to.id ? { kind: 'same', period: to } : { kind: 'moved', from, to };
}

/** What is known of an account and the budget's others. The sums may exceed what an amount can be. */
export interface CarryView {
  /**
   * Booked on the other accounts: by reservations made within the account's period, and by people in it.
   * Without what those accounts carry themselves: it was spent elsewhere, and is found there.
   */
  readonly booked: bigint;
  /** Set aside there for reservations made within the period. */
  readonly reserved: bigint;
  /** Leased there and not booked: what calls that nobody here knows of may still cost. */
  readonly leased: bigint;
  /** Whether the account has a limit to keep. Without one there is no need to count the worst case of leases. */
  readonly isLimited: boolean;
  /** What the account carries so far, and in how many adjustments. */
  readonly carried: bigint;
  readonly carries: number;
}

/** The adjustment that brings an account up to date with what it has to carry. */
export interface Carry {
  /** The adjustment's key: whoever else computes it from the same books posts the same. */
  readonly key: string;
  readonly amount: SignedAmount;
}

/**
 * The adjustment to post on the account, or nothing when it carries already what it has to. To be asked when
 * the account is opened or put on other terms, and again while something on the others may still change.
 */
export function carryOver(view: CarryView): Carry | undefined {
  const { booked, reserved, leased, isLimited, carried, carries } = view;
  const total = booked + reserved + (isLimited ? leased : 0n);
  const amount = difference(amountWithin(total), amountWithin(carried));
  return amount === 0 ? undefined : { key: `${CARRY_KEY_PREFIX}${carries + 1}`, amount };
}

/** Whether `entry` carries over what was spent on another account. Such entries are no money spent. */
export function isCarry({ kind, key }: Pick<LedgerEntry, 'kind' | 'key'>): boolean {
  return kind === 'adjust' && key.startsWith(CARRY_KEY_PREFIX);
}

function amountWithin(sum: bigint): Amount {
  if (sum < 0n) return ZERO;
  return sum > BigInt(AMOUNT_MAX) ? AMOUNT_MAX : (Number(sum) as Amount);
}

/** How long at least it is looked whether more has to be carried: 10 minutes, for what is settled late. */
export const CARRY_WATCH_MS = 600_000;
/** Longest pause between two looks: 1 minute. */
const LOOK_EVERY_MS_MAX = 60_000;

/** When to look again at an account that is watched since `sinceMs`: after as long again, 1 second to 1 minute. */
export function nextCarryLookMs(sinceMs: InstantMs, nowMs: InstantMs): InstantMs {
  return (nowMs + Math.max(1_000, Math.min(nowMs - sinceMs, LOOK_EVERY_MS_MAX))) as InstantMs;
}
