/**
 * The other side's bill: what the provider's own book says that it generated, priced with the demo's list.
 * It knows nothing of Bursar, so that the two can disagree.
 */
import type { CallRecord } from '@bursar/local-provider';
import { callCost } from '../money/call-cost.ts';
import { modelPrice } from '../money/model-prices.ts';

/** A provider's bill. */
export interface ProviderBill {
  /** Calls that were answered in full, and what they cost in nano-USD. */
  readonly completed: { readonly calls: number; readonly nanoUsd: bigint };
  /** Calls that their client gave up. */
  readonly aborted: { readonly calls: number; readonly nanoUsd: bigint };
}

/** Adds up `records`, such as those that one key pays for. Throws for a model that the demo has no price for. */
export function billOf(records: readonly CallRecord[]): ProviderBill {
  return { completed: sumOf(records, 'completed'), aborted: sumOf(records, 'aborted') };
}

function sumOf(
  records: readonly CallRecord[],
  ending: NonNullable<CallRecord['ending']>,
): ProviderBill['completed'] {
  const ended = records.filter((record) => record.ending === ending);
  return { calls: ended.length, nanoUsd: ended.reduce((sum, record) => sum + costOf(record), 0n) };
}

function costOf({ model, promptTokens, outputTokens }: CallRecord): bigint {
  const price = modelPrice(model ?? '');
  if (price === undefined) throw new Error(`The demo has no price for the model ${model}`);
  return callCost({ inputTokens: promptTokens, outputTokens }, price);
}
