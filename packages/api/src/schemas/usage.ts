/** `usage.current`, `usage.history`, `usage.live`: what has been spent of a budget. */
import type { Json, LedgerEntryKind } from '@bursar/core';
import { z } from 'zod';
import { budgetSubject, namesOneScope, ONE_SCOPE } from './budget-subject.ts';
import { HISTORY_PAGE_MAX, periodField } from './fields.ts';

export const currentUsageInput = z
  .strictObject({
    ...budgetSubject,
    /** A past period; by default the present one. */
    period: periodField.optional(),
  })
  .refine(namesOneScope, ONE_SCOPE);
export type CurrentUsageInput = z.input<typeof currentUsageInput>;

export const usageHistoryInput = z
  .strictObject({
    ...budgetSubject,
    period: periodField.optional(),
    /** From the previous page. */
    cursor: z.int().min(1).optional(),
    limit: z.int().min(1).max(HISTORY_PAGE_MAX).default(50),
  })
  .refine(namesOneScope, ONE_SCOPE);
export type UsageHistoryInput = z.input<typeof usageHistoryInput>;

/** One ledger entry of the user. */
export interface HistoryEntry {
  readonly sequence: number;
  readonly kind: LedgerEntryKind;
  /** The caller's id of the reservation, `null` for administration. */
  readonly reservation: string | null;
  /** Signed decimal USD. */
  readonly amountUsd: string;
  readonly at: string;
  /** Model, usage, price version, how it is known. */
  readonly detail: Json;
}

/** Newest first. `nextCursor` is `null` on the last page. */
export interface UsageHistoryOutput {
  readonly entries: readonly HistoryEntry[];
  readonly nextCursor: number | null;
}

export const liveUsageInput = z
  .strictObject({
    ...budgetSubject,
    /** Sent by the client library after a reconnect. */
    lastEventId: z.string().max(64).nullish(),
  })
  .refine(namesOneScope, ONE_SCOPE);
export type LiveUsageInput = z.input<typeof liveUsageInput>;
