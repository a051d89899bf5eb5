/** A service that lets every call through without looking: what is left then is what the SDK itself costs. */
import {
  type Allowed,
  type BursarService,
  createCaller,
  directCaller,
  type SettleOutput,
  type RequestContext,
} from '@bursar/api';
import type { Caller } from '@bursar/client';
import { tenantId } from '@bursar/core';

const MODE = {
  mode: 'direct',
  reason: null,
  since: '2026-11-15T00:00:00.000Z',
  worstOverspendUsd: '0.00',
} as const;

const ALLOWED: Omit<Allowed, 'reservation'> = {
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
  mode: MODE,
};

const SETTLED: Omit<SettleOutput, 'reservation'> = {
  outcome: 'settled',
  replayed: false,
  costUsd: '0.003',
  overageUsd: '0.00',
  late: false,
  budgets: [],
  mode: MODE,
};

interface Named {
  readonly reservation: string;
}

const allow = async ({ reservation }: Named): Promise<Allowed> => ({ ...ALLOWED, reservation });
const settle = async ({ reservation }: Named): Promise<SettleOutput> => ({
  ...SETTLED,
  reservation,
});

/** It, called directly. */
export function agreeableCaller(): Caller {
  // Nothing else is called.
  return { meter: { reserve: allow, extend: allow, settle } } as unknown as Caller;
}

/** It, as a server has it: what parses and checks comes before it. */
export function agreeableService(): BursarService {
  return AGREEABLE.service;
}

/** It, called as one in this process is: parsed and checked. */
export function agreeableDirectCaller(): Caller {
  return directCaller(AGREEABLE);
}

/** The same through tRPC. */
export function agreeableCallerOverTrpc(): Caller {
  return createCaller(AGREEABLE);
}

const SERVICE: Pick<BursarService, 'reserve' | 'extend' | 'settle'> = {
  reserve: async (_principal, input) => allow(input),
  extend: async (_principal, input) => allow(input),
  settle: async (_principal, input) => settle(input),
};

const AGREEABLE: RequestContext = {
  service: SERVICE as BursarService,
  principal: { tokenId: 'bench', tenant: tenantId('bench'), scopes: ['meter'] },
};
