/** A service that lets every call through without looking: what is left then is what the SDK itself costs. */
import { type Allowed, type BursarService, createCaller, type SettleOutput } from '@bursar/api';
import { tenantId } from '@bursar/core';

/** The in-process caller of such a service. */
export function agreeableCaller(): ReturnType<typeof createCaller> {
  const mode = {
    mode: 'direct',
    reason: null,
    since: '2026-11-15T00:00:00.000Z',
    worstOverspendUsd: '0.00',
  } as const;
  const allowed: Omit<Allowed, 'reservation'> = {
    decision: 'allowed',
    replayed: false,
    heldUsd: '0.005',
    deadlineAt: '2026-11-15T00:10:00.000Z',
    priceVersion: 'bench',
    outputTokensMax: null,
    clamped: false,
    funding: { source: 'service' },
    rates: [],
    budgets: [],
    mode,
  };
  const settled: Omit<SettleOutput, 'reservation'> = {
    outcome: 'settled',
    replayed: false,
    costUsd: '0.003',
    overageUsd: '0.00',
    late: false,
    budgets: [],
    mode,
  };
  const service: Pick<BursarService, 'reserve' | 'extend' | 'settle'> = {
    reserve: async (_principal, { reservation }) => ({ ...allowed, reservation }),
    extend: async (_principal, { reservation }) => ({ ...allowed, reservation }),
    settle: async (_principal, { reservation }) => ({ ...settled, reservation }),
  };
  return createCaller({
    // Nothing else is called.
    service: service as BursarService,
    principal: { tokenId: 'bench', tenant: tenantId('bench'), scopes: ['meter'] },
  });
}
