/** `meter.reserve`: may this call be made, and if so, set its possible cost aside. */
import { z } from 'zod';
import {
  estimateField,
  modelField,
  providerField,
  reservationField,
  ttlField,
  usdField,
  userField,
} from './fields.ts';
import type { BudgetView } from './budget-view.ts';
import type { ModeView } from './mode.ts';

/** What is asked. Either `estimate` (the server prices it) or `amountUsd`. */
export const reserveInput = z
  .strictObject({
    reservation: reservationField,
    user: userField,
    /** By default whoever the model's name says. */
    provider: providerField.optional(),
    model: modelField,
    estimate: estimateField.optional(),
    amountUsd: usdField.optional(),
    /** How long the reservation may stay undispatched: the longest call there may be. */
    ttlMs: ttlField.optional(),
  })
  .refine((input) => (input.estimate === undefined) !== (input.amountUsd === undefined), {
    path: ['estimate'],
    message: 'give either estimate (tokens) or amountUsd, and not both',
  });

export type ReserveInput = z.input<typeof reserveInput>;

/** The call may be made. */
export interface Allowed {
  readonly decision: 'allowed';
  readonly reservation: string;
  /** Whether this answers a repeated request; nothing more was set aside. */
  readonly replayed: boolean;
  /** Set aside for the call in total. */
  readonly heldUsd: string;
  /** When the reservation ends unless it is extended or settled, ISO 8601. */
  readonly deadlineAt: string;
  /** The version of the price table that the call will be charged by. */
  readonly priceVersion: string;
  readonly budgets: readonly BudgetView[];
  readonly mode: ModeView;
}

/** The call may not be made; nothing was set aside. The data is the truth, `message` is made from it. */
export interface Denied {
  readonly decision: 'denied';
  readonly reason: 'budget_exhausted';
  readonly message: string;
  /** The budget that lacks most. */
  readonly budget: BudgetView;
  readonly neededUsd: string;
  readonly missingUsd: string;
  /** When the budget's next period begins, ISO 8601. */
  readonly fitsAgainAt: string;
  /**
   * The largest output-token cap with which this call would fit now; `null` when not even one token does,
   * or when the request named an amount instead of tokens.
   */
  readonly outputTokensThatFit: number | null;
  readonly mode: ModeView;
}

export type ReserveOutput = Allowed | Denied;
