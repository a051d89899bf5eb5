/** What every denial says, whatever its reason. Nothing was set aside anywhere. */
import type { BudgetView } from '../budget-view.ts';
import type { ModeView } from '../mode.ts';
import type { OwnKeyView } from './own-key.ts';

/** One budget that lacks room for the call. */
export interface ShortBudget {
  readonly budget: BudgetView;
  /** How much more it would have to have room for, decimal USD; more than 0. */
  readonly missingUsd: string;
  /**
   * When the budget's next period begins, ISO 8601, in which the call fits if little else is spent. `null` when
   * it fits in no period unless the limit is raised: the call is more than the whole limit, or there is no next
   * period.
   */
  readonly fitsAgainAt: string | null;
}

/** The part that all denials share. The data is the truth, `message` is made from it and from nothing else. */
export interface Denial<Reason extends string> {
  readonly decision: 'denied';
  readonly reason: Reason;
  /** In English, for people. Products word `reason` and the data beside it themselves. */
  readonly message: string;
  /** Every budget that lacks room, the worst first. Empty when it is not money that lacks. */
  readonly budgets: readonly ShortBudget[];
  /**
   * The largest output-token cap with which this call would fit every budget now; `null` when not even one token
   * does, when no cap helps, or when the request named an amount instead of tokens.
   */
  readonly outputTokensThatFit: number | null;
  /** Why the user's own key does not pay instead; `null` where own keys are no matter. */
  readonly ownKey: OwnKeyView | null;
  readonly mode: ModeView;
}

/** What denials share in which a budget's money lacks. */
export interface MoneyDenial<Reason extends string> extends Denial<Reason> {
  /** The first of `budgets`: those that the call fits in no period come first, then those that lack most. */
  readonly budget: BudgetView;
  /** What the call may cost in total. */
  readonly neededUsd: string;
  /** Of that, set aside or booked for this very call before: `"0.00"` unless it was to be extended. */
  readonly heldUsd: string;
  /** What `budget` lacks. */
  readonly missingUsd: string;
}
