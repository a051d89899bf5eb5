/**
 * Conversion: what a budget has spent, when its period rule or zone is changed within a period.
 *
 * A changed limit, mode or plan changes nothing here: the account goes on, with everything that is booked on
 * it. A changed period rule has new calls charged to the account of another period, and that account opens
 * with what was booked on the budget's other accounts since its own first instant: as much as it would show
 * if the new rule had always been in force. So changing the rule neither forgives what was spent in
 * the new period nor charges it for what was spent before.
 *
 * Reservations that are open at the change stay where they are and are settled there. What they keep aside
 * counts as carried, and so does what they cost once it is booked; as that becomes known, the difference is
 * posted. Like everything that is told twice, what is carried is a total (docs/decisions/0004).
 */
import { type Amount, AMOUNT_MAX, difference, type SignedAmount, ZERO } from '../amount.ts';
import type { LedgerEntry } from '../account/ledger-entry.ts';
import type { AccountId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import { budgetOf } from './budget.ts';
import { type Period, periodAt } from './period.ts';
import type { PeriodRule } from './period-rule.ts';

/** Keys of the adjustments that carry spend over begin with this; callers' own keys must not. */
export const CARRY_KEY_PREFIX = 'carry:';

/** What a change of the period rule means at one instant. */
export type Conversion =
  /** The same account goes on. */
  | { readonly kind: 'same'; readonly period: Period }
  /** New calls are charged in `to`; open reservations stay in `from`. */
  | {
      readonly kind: 'moved';
      readonly from: Period;
      readonly to: Period;
      /** What was booked from this instant on is carried over: the first instant of `to`. */
      readonly bookedSinceMs: InstantMs;
    };

/** Which account of a budget is charged from `atMs` on, when its rule `before` becomes `after` then. */
export function conversionAt(before: PeriodRule, after: PeriodRule, atMs: InstantMs): Conversion {
  const from = periodAt(before, atMs);
  const to = periodAt(after, atMs);
  if (from.id === to.id) return { kind: 'same', period: to };
  return { kind: 'moved', from, to, bookedSinceMs: to.startAtMs };
}

/** What is known of a budget's books for a conversion. */
export interface CarryView {
  /** The account that the change led to, and not a later one of the new rule: those carry nothing. */
  readonly account: AccountId;
  /** Its first instant. */
  readonly bookedSinceMs: InstantMs;
  /** The ledger entries of all accounts of the budget, in any order; those from before may be left out. */
  readonly entries: Iterable<LedgerEntry>;
  /** What is reserved and leased on the account that was left; 0 once it has drained. */
  readonly keptAside: Amount;
}

/** The adjustment that brings an account up to date with what it has to carry. */
export interface Carry {
  /** The adjustment's key: whoever else computes it from the same entries posts the same. */
  readonly key: string;
  readonly amount: SignedAmount;
}

/**
 * The adjustment to post on `view.account`, or nothing when it carries already what it has to. To be asked when
 * the account is opened, and again while reservations on the one that was left are open. A correction of what
 * was booked before the period does not lower what is carried; an adjustment that people made does.
 */
export function carryOver(view: CarryView): Carry | undefined {
  // The parts may exceed what an amount can be, though the result may not.
  let carried = 0n;
  let carries = 0;
  let booked = BigInt(view.keptAside);
  const byReservation = new Map<string, bigint>();
  for (const entry of view.entries) {
    if (budgetOf(entry.account) !== budgetOf(view.account)) continue;
    const isCarry = entry.kind === 'adjust' && entry.key.startsWith(CARRY_KEY_PREFIX);
    if (entry.account === view.account) {
      if (!isCarry) continue;
      carried += BigInt(entry.amount);
      carries += 1;
    } else if (!isCarry && entry.atMs >= view.bookedSinceMs && changesSettled(entry)) {
      // On other accounts: what they carry themselves was spent elsewhere, and is found there.
      const change = BigInt(entry.amount);
      const key = `${entry.account} ${entry.reservation}`;
      if (entry.reservation === null) booked += change;
      else byReservation.set(key, (byReservation.get(key) ?? 0n) + change);
    }
  }
  for (const sum of byReservation.values()) if (sum > 0n) booked += sum;
  const total = amountWithin(booked);
  const amount = difference(total, amountWithin(carried));
  return amount === 0 ? undefined : { key: `${CARRY_KEY_PREFIX}${carries + 1}`, amount };
}

function changesSettled({ kind }: LedgerEntry): boolean {
  return kind === 'settle' || kind === 'expire' || kind === 'adjust';
}

function amountWithin(sum: bigint): Amount {
  if (sum < 0n) return ZERO;
  return sum > BigInt(AMOUNT_MAX) ? AMOUNT_MAX : (Number(sum) as Amount);
}
