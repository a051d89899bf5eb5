/** `meter.extend`: the heartbeat of a running call: more time, and if wanted more money. */
import { z } from 'zod';
import { estimateField, reservationField, ttlField, usdField } from './fields.ts';
import type { Denied } from './denials/denied.ts';
import type { Allowed } from './reserve.ts';

/** What is asked. Totals, not differences: repeating or reordering heartbeats does no harm. */
export const extendInput = z
  .strictObject({
    reservation: reservationField,
    /** The call may use this much in total. */
    estimate: estimateField.optional(),
    /** Set this much aside in total. */
    amountUsd: usdField.optional(),
    /** Keep the reservation this long from now. */
    ttlMs: ttlField.optional(),
    /** The call is on its way to the provider: if nothing is heard of it again, charge what is held. */
    dispatched: z.boolean().default(false),
  })
  .refine((input) => input.estimate === undefined || input.amountUsd === undefined, {
    path: ['estimate'],
    message: 'give estimate (tokens) or amountUsd, not both',
  });

export type ExtendInput = z.input<typeof extendInput>;
/** A refused extension leaves the reservation as it was. */
export type ExtendOutput = Allowed | Denied;
