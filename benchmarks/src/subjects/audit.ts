/** What the books say after a run, as one number that must be 0. */
import type { Store } from '../../../packages/server/src/open-store.ts';
import { COST } from './pairs.ts';

/**
 * Nano-USD that `store` lost, invented or let be overspent, if exactly `settled` pairs were settled and
 * everything is in its ledger. Throws what the audit found, if it found that rows contradict each other.
 */
export function moneyOff(store: Pick<Store, 'audit'>, settled: number): Promise<number> {
  return moneyOffOf(store, BigInt(settled) * BigInt(COST));
}

/** The same, if exactly `settledNanoUsd` was settled. */
export async function moneyOffOf(
  store: Pick<Store, 'audit'>,
  settledNanoUsd: bigint,
): Promise<number> {
  const report = await store.audit?.();
  if (report === undefined) throw new Error('the store keeps no ledger to audit');
  if (report.findings > 0) throw new Error(`the audit found: ${report.shown.join('; ')}`);
  const wrong = report.settledNanoUsd - settledNanoUsd;
  return Number((wrong < 0n ? -wrong : wrong) + report.differenceNanoUsd + report.overLimitNanoUsd);
}
