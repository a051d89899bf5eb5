/**
 * What a call did cost, and what the ledger says about it.
 *
 * Usage is charged at the price that was agreed when the call was reserved. Settling must not fail over a
 * price, because the money is spent: usage that the price does not cover is charged with no less than was
 * set aside, and the ledger names the classes.
 */
import type { BursarService } from '@bursar/api';
import {
  addUsage,
  type Amount,
  type BatchPart,
  costOfBatch,
  costOfPricedClasses,
  type Json,
  parseUsd,
  type Price,
  type ServiceTier,
  type Usage,
  USAGE_CLASS_NAMES,
  ZERO,
} from '@bursar/core';
import type { Terms } from './terms.ts';

/** A parsed `meter.settle` message. */
export type SettleMessage = Parameters<BursarService['settle']>[1];

/** What to book. */
export interface Settlement {
  readonly cost: Amount;
  /** A small object: provider, model, basis, usage, price version, who pays if not the service, and the classes without a price. */
  readonly detail: Json;
  /** A price is missing: no less is to be booked than what was set aside. */
  readonly isAtLeast: boolean;
}

/** What to book for `message`. */
export function settlementOf(message: SettleMessage, terms: Terms): Settlement {
  const note = {
    provider: terms.provider,
    model: message.model ?? terms.model,
    basis: message.basis,
    priceVersion: terms.priceVersion,
    ...(terms.funding.source !== 'service' && {
      funding: terms.funding.source,
      ownKey: terms.funding.keyId,
    }),
  };
  const { serviceTier = 'standard' } = message;
  const batch = message.batch as readonly BatchPart[] | undefined;
  const usage = batch === undefined ? (message.usage as Usage | undefined) : usageTogether(batch);
  if (usage === undefined) {
    const cost = parseUsd(message.costUsd ?? '', 'costUsd');
    return { cost, detail: note, isAtLeast: false };
  }
  const { cost, unpriced } = priced(batch ?? usage, usage, terms.price, serviceTier);
  const detail = {
    ...note,
    usage: { ...usage } as Json,
    ...(batch !== undefined && { calls: batch.reduce((sum, { calls }) => sum + calls, 0) }),
    ...(serviceTier !== 'standard' && { serviceTier }),
  };
  return unpriced.length === 0
    ? { cost, detail, isAtLeast: false }
    : { cost, detail: { ...detail, unpriced }, isAtLeast: true };
}

/** What the calls of a batch used together. */
function usageTogether(parts: readonly BatchPart[]): Usage {
  return parts.reduce<Usage>((sum, { usage }) => addUsage(sum, usage), {});
}

/** What the price covers of what was used, `usage` in all, and the names of the classes, and of the service tier, that it does not. */
function priced(
  used: Usage | readonly BatchPart[],
  usage: Usage,
  price: Price | null,
  serviceTier: ServiceTier,
): { readonly cost: Amount; readonly unpriced: readonly string[] } {
  if (price === null) {
    return { cost: ZERO, unpriced: USAGE_CLASS_NAMES.filter((name) => (usage[name] ?? 0) > 0) };
  }
  const { cost, unpriced, unpricedTier } = isBatch(used)
    ? costOfBatch(used, price, serviceTier)
    : costOfPricedClasses(used, price, serviceTier);
  return { cost, unpriced: [...unpriced, ...(unpricedTier === undefined ? [] : [unpricedTier])] };
}

function isBatch(used: Usage | readonly BatchPart[]): used is readonly BatchPart[] {
  return Array.isArray(used);
}
