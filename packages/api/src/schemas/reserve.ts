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
import type { Denied } from './denials/denied.ts';
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

export type ReserveOutput = Allowed | Denied;
