/** `meter.settle`: what the call did cost. Always accepted: late, over the limit, twice. */
import { USAGE_CLASS_NAMES, type UsageClass } from '@bursar/core';
import { z } from 'zod';
import {
  manyCallsField,
  modelField,
  providerField,
  reservationField,
  scopesField,
  serviceTierField,
  tokensField,
  usdField,
  userField,
} from './fields.ts';
import type { BudgetView } from './budget-view.ts';
import type { ModeView } from './mode.ts';

/** Units by disjoint class, as core's `USAGE_CLASSES` lists them; no token is counted in two of them. */
export const usageField = z.strictObject(
  Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, tokensField.optional()])) as {
    readonly [K in UsageClass]: z.ZodOptional<typeof tokensField>;
  },
);

/** Most parts of a batch that are priced apart. */
export const BATCH_PARTS_MAX = 1_000;

/** Calls of a batch in one context tier, and what they used together. */
export const batchPartField = manyCallsField.extend({ usage: usageField });

/** How the usage is known. */
export const basisField = z.enum(['reported', 'counted', 'estimated']);

/**
 * What is reported. One of `usage`, `batch` (both priced as pinned at reserve) and `costUsd`; totals of the call so
 * far.
 */
export const settleInput = z
  .strictObject({
    reservation: reservationField,
    usage: usageField.optional(),
    /** What the calls of a batch used that were answered; none if none was. */
    batch: z.array(batchPartField).max(BATCH_PARTS_MAX).optional(),
    costUsd: usdField.optional(),
    /**
     * What the call used of whatever the product counts, 0 … 2^53 − 1: taken from rate limits that count `units`, once,
     * when the settlement is final. Left out, nothing is taken from them.
     */
    units: z.int().min(0).optional(),
    /** The model that the provider says answered; kept with the entry. */
    model: modelField.optional(),
    /** How the provider says it has served the call, which decides what multiple of the price is charged. */
    serviceTier: serviceTierField.optional(),
    basis: basisField.default('reported'),
    /** `false`: the call goes on, this is what it has cost so far. */
    final: z.boolean().default(true),
    /**
     * When to answer: once the settlement is journaled by the store that decides and by this server, or once
     * it is in the ledger. Where one store does both, they are the same.
     */
    ack: z.enum(['journal', 'ledger']).default('journal'),
    /**
     * What was reserved, in case the reservation was lost with the store that had it: the cost is then booked
     * on this user all the same. Without it such a settlement is refused.
     */
    call: z
      .strictObject({
        user: userField,
        provider: providerField.optional(),
        model: modelField,
        scopes: scopesField.optional(),
        /** The id of the user's own key that has paid: then no budget of the service is charged. */
        ownKey: z.uuid().optional(),
      })
      .optional(),
  })
  .refine(({ usage, batch, costUsd }) => given([usage, batch, costUsd]) === 1, {
    path: ['usage'],
    message: 'give exactly one of usage (tokens), batch (tokens of many calls) and costUsd',
  });

function given(values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

export type SettleInput = z.input<typeof settleInput>;

export interface SettleOutput {
  readonly outcome: 'settled';
  readonly reservation: string;
  readonly replayed: boolean;
  /** Booked for the reservation in total. */
  readonly costUsd: string;
  /** Booked by this settlement beyond what was set aside. */
  readonly overageUsd: string;
  /** The reservation had been released or had expired. */
  readonly late: boolean;
  readonly budgets: readonly BudgetView[];
  readonly mode: ModeView;
}
