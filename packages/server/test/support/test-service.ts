/** A service over a memory tier, with time in the test's hands. */
import { createCaller, type Principal, TOKEN_SCOPES, type TokenScope } from '@bursar/api';
import {
  createPriceTable,
  MemoryTier,
  parseUsd,
  type PriceTable,
  tenantId,
  type Tier,
} from '@bursar/core';
import { BudgetService } from '../../src/service/budget-service.ts';
import { MemorySpendFacts } from '../../src/policies/memory-spend-facts.ts';
import { MemoryPolicyStore } from '../../src/policies/memory-policy-store.ts';
import { PolicyBook } from '../../src/policies/policy-book.ts';
import type { PolicyStore } from '../../src/policies/policy-store.ts';
import type { SpendFacts } from '../../src/policies/spend-facts.ts';
import { builtInDocument } from '../../src/policies/read-policies.ts';
import { directMode, modeView } from '../../src/modes/mode.ts';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import { OwnKeys } from '../../src/own-keys/own-keys.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime } from './manual-time.ts';

/** `test-model` costs a dollar a million input tokens and two a million output tokens. */
export function testPrices(version: string, inputNanoUsd = 1_000_000_000): PriceTable {
  return createPriceTable({
    version,
    rows: [
      {
        model: 'test-model',
        ids: ['test-model'],
        prices: [
          { nanoUsdPerMillion: { inputTokens: inputNanoUsd, outputTokens: 2 * inputNanoUsd } },
        ],
      },
      {
        model: 'free-model',
        ids: ['free-model'],
        prices: [{ nanoUsdPerMillion: { inputTokens: 0, outputTokens: 0 } }],
      },
      {
        model: 'input-only',
        ids: ['input-only'],
        prices: [{ nanoUsdPerMillion: { inputTokens: inputNanoUsd } }],
      },
      {
        model: 'audio-model',
        ids: ['audio-model'],
        prices: [
          {
            nanoUsdPerMillion: {
              inputTokens: inputNanoUsd,
              outputTokens: inputNanoUsd,
              audioInputTokens: 10 * inputNanoUsd,
              audioOutputTokens: 10 * inputNanoUsd,
            },
          },
        ],
      },
    ],
  });
}

export interface TestService {
  readonly service: BudgetService;
  readonly tier: Tier;
  readonly time: ManualTime;
  /** Calls procedures as `tenant` with `scopes`; by default the tenant `acme` with all of them. */
  as(tenant?: string, scopes?: readonly TokenScope[]): ReturnType<typeof createCaller>;
}

/** A service with a default limit of one dollar; `over` replaces parts, to share a tier or age a price. */
export function openTestService(
  over: {
    readonly tier?: Tier;
    readonly time?: ManualTime;
    readonly prices?: PriceTable;
    readonly policyStore?: PolicyStore;
    readonly policies?: PolicyBook;
    readonly defaultLimitUsd?: string;
    readonly inputTokensMax?: number;
    readonly learnedEstimates?: boolean;
  } = {},
): TestService {
  const time = over.time ?? new ManualTime();
  const defaultLimit = parseUsd(over.defaultLimitUsd ?? '1.00');
  const tier = over.tier ?? new MemoryTier({ clock: time, defaultLimit });
  const policyStore = over.policyStore ?? new MemoryPolicyStore(time);
  const policies =
    over.policies ??
    new PolicyBook({
      store: policyStore,
      builtIn: builtInDocument(defaultLimit),
      time,
      log: SILENT_LOG,
    });
  // A tier that is not in memory is the matter of tests that promote nobody.
  const spend = tier instanceof MemoryTier ? new MemorySpendFacts(tier) : NOTHING_SPENT;
  const service = new BudgetService({
    tier,
    ownKeys: new OwnKeys({
      store: new MemoryOwnKeyStore(),
      ring: undefined,
      time,
      log: SILENT_LOG,
    }),
    policies,
    policyStore,
    spend,
    prices: over.prices ?? testPrices('v1'),
    time,
    log: SILENT_LOG,
    defaultLimit,
    tentativeTtlMs: 600_000,
    dispatchedTtlMs: 60_000,
    inputTokensMax: over.inputTokensMax ?? 2_000_000,
    learnedEstimates: over.learnedEstimates ?? false,
    mode: () => modeView(directMode(time).mode()),
  });
  return {
    service,
    tier,
    time,
    as: (tenant = 'acme', scopes = TOKEN_SCOPES) =>
      createCaller({ service, principal: principalOf(tenant, scopes) }),
  };
}

const NOTHING_SPENT: SpendFacts = { spendOf: async (scopes) => scopes.map(() => []) };

/** A verified caller. */
export function principalOf(
  tenant = 'acme',
  scopes: readonly TokenScope[] = TOKEN_SCOPES,
): Principal {
  return { tokenId: `token-of-${tenant}`, tenant: tenantId(tenant), scopes };
}

/** A caller's id of a reservation: the same number gives the same id. */
export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
