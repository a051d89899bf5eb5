/** `meter.reserve`: may this call be made, and if so, set its possible cost aside. */
import type { OtherClass } from '@bursar/core';
import { z } from 'zod';
import {
  clampField,
  estimateField,
  modelField,
  providerField,
  reservationField,
  scopesField,
  ttlField,
  usdField,
  userField,
} from './fields.ts';
import type { BudgetView } from './budget-view.ts';
import type { Denied } from './denials/denied.ts';
import type { FundingView } from './funding.ts';
import type { ModeView } from './mode.ts';
import type { RateView } from './rate-view.ts';

/** What is asked. Either `estimate` (the server prices it) or `amountUsd`. */
export const reserveInput = z
  .strictObject({
    reservation: reservationField,
    user: userField,
    /** By default whoever the model's name says. */
    provider: providerField.optional(),
    model: modelField,
    /** What else the call is about: organisation, teams, key, feature, session … */
    scopes: scopesField.optional(),
    estimate: estimateField.optional(),
    amountUsd: usdField.optional(),
    /**
     * When the call does not fit as it is, reserve it with as much output as fits, and say how much that is. Only
     * with `estimate`. Without it such a call is denied.
     */
    clamp: clampField.optional(),
    /**
     * When the service's budgets do not cover the call, let the user's own key at the provider pay for it. Only for
     * callers that can make the call with that key: an answer may say that they must.
     */
    mayUseOwnKey: z.boolean().optional(),
    /** The product does not know who calls: rate limits for anonymous callers hold. `user` is then an address or the like. */
    anonymous: z.boolean().optional(),
    /** How long the reservation may stay undispatched: the longest call there may be. */
    ttlMs: ttlField.optional(),
  })
  .refine((input) => (input.estimate === undefined) !== (input.amountUsd === undefined), {
    path: ['estimate'],
    message: 'give either estimate (tokens) or amountUsd, and not both',
  })
  .refine((input) => input.clamp === undefined || input.estimate !== undefined, {
    path: ['clamp'],
    message: 'needs estimate: an amount cannot be clamped',
  })
  .refine(
    ({ estimate }) => estimate?.many === undefined || estimate.outputTokensMax !== undefined,
    {
      path: ['estimate', 'outputTokensMax'],
      message: 'must be given for the calls of a batch: the sum of the most that each may produce',
    },
  );

export type ReserveInput = z.input<typeof reserveInput>;

/** The call may be made. */
export interface Allowed {
  readonly decision: 'allowed';
  readonly reservation: string;
  /** Whether this answers a repeated request; nothing more was set aside. */
  readonly replayed: boolean;
  /** Set aside for the call in total. */
  readonly heldUsd: string;
  /** Output tokens that this is enough for; `null` when the request named no tokens. */
  readonly outputTokensMax: number | null;
  /**
   * Whether that is less than was asked for, because more does not fit: the caller must see to it that the
   * provider produces no more than `outputTokensMax`.
   */
  readonly clamped: boolean;
  /**
   * Of the other units that the request named, those that the call is charged by, and so has to be settled by. Absent
   * when it is charged by tokens, or when none were named.
   */
  readonly chargedBy?: readonly OtherClass[];
  /** When the reservation ends unless it is extended or settled, ISO 8601. */
  readonly deadlineAt: string;
  /** The version of the price table that the call will be charged by. */
  readonly priceVersion: string;
  /** Who pays, and so with whose key the call has to be made. */
  readonly funding: FundingView;
  readonly budgets: readonly BudgetView[];
  /** Every rate limit that the call has taken from, the tightest first. */
  readonly rates: readonly RateView[];
  readonly mode: ModeView;
}

export type ReserveOutput = Allowed | Denied;
