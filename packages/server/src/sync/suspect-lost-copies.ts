/**
 * Noticing that a copy is gone: deleted by hand, or by whatever else has access to the copy store.
 *
 * Copies end calls at their deadline. A call that is open in the ledger long after its own, on a lease that counts as
 * live, has no copy that could end it. The next call on its account would notice, if there is one; what was set aside
 * must come back without it. The lease becomes suspect, and everything else follows from that.
 */
import type { Authority, DurationMs, HolderId } from '@bursar/core';
import type { CopiesGate } from '../leasing/copies-gate.ts';

/** How long after its deadline a call is asked about: sweeping copies and bringing journals home take seconds. */
const OVERDUE_MS = 60_000 as DurationMs;
/** Most leases of one round. */
const LEASES_MAX = 100;

/** Makes leases suspect whose copies are gone, and returns how many. Throws when a store is away. */
export async function suspectLostCopies({
  authority,
  gate,
  holder,
}: {
  readonly authority: Pick<Authority, 'overdue' | 'execute'>;
  readonly gate: Pick<CopiesGate, 'execute'>;
  readonly holder: HolderId;
}): Promise<number> {
  const overdue = await authority.overdue({ holder, overMs: OVERDUE_MS, limit: LEASES_MAX });
  let lost = 0;
  for (const { leg, lease } of overdue) {
    const read = await gate.execute({ kind: 'read', account: leg.account });
    if (read.answer !== 'copy' || read.copy?.lease === lease) continue;
    await authority.execute({ kind: 'suspectLease', leg, lease });
    lost += 1;
  }
  return lost;
}
