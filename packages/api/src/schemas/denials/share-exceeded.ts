import type { BudgetView } from '../budget-view.ts';
import type { Denial } from './denial.ts';

/** One budget of which one caller would have too much set aside at once. Amounts in decimal USD. */
export interface ExceededShare {
  readonly budget: BudgetView;
  /** Set aside for running calls of this caller, without this call. */
  readonly heldByCallerUsd: string;
  /** The most that one caller may have set aside at once. */
  readonly shareMaxUsd: string;
  /** By how much the share would be passed; more than 0. */
  readonly missingUsd: string;
}

/**
 * The money is there, but one caller would have too much of it set aside at once, which keeps it from all others.
 * Fits again when running calls of the same caller have ended.
 */
export interface ShareExceeded extends Denial<'share_exceeded'>, ExceededShare {
  /** Every share that would be passed, the one by most first; the fields beside are those of the first. */
  readonly shares: readonly [ExceededShare, ...ExceededShare[]];
  /** What the call may cost in total. */
  readonly neededUsd: string;
}
