/** What scopes have spent, from books in this process's memory: one look at every account. */
import {
  accountParts,
  amount,
  AMOUNT_MAX,
  type BudgetSpend,
  type InstantMs,
  type MemoryTier,
} from '@bursar/core';
import type { SpendFacts, TenantScope } from './spend-facts.ts';

interface Sum {
  readonly spent: bigint;
  readonly firstAtMs: InstantMs;
}

/** Reads the books of a memory tier. */
export class MemorySpendFacts implements SpendFacts {
  readonly #tier: Pick<MemoryTier, 'booked'>;

  constructor(tier: Pick<MemoryTier, 'booked'>) {
    this.#tier = tier;
  }

  async spendOf(scopes: readonly TenantScope[]): Promise<readonly (readonly BudgetSpend[])[]> {
    const wanted = new Map(scopes.map((scope) => [keyOf(scope), new Map<string, Sum>()]));
    for (const { account, spent, firstAtMs } of this.#tier.booked()) {
      const { tenant, scope, budget } = accountParts(account);
      const budgets = wanted.get(keyOf({ tenant, scope }));
      if (budgets === undefined) continue;
      const known = budgets.get(budget);
      budgets.set(budget, {
        spent: (known?.spent ?? 0n) + spent,
        firstAtMs: Math.min(known?.firstAtMs ?? Infinity, firstAtMs) as InstantMs,
      });
    }
    return scopes.map((scope) =>
      [...(wanted.get(keyOf(scope)) ?? [])].map(([budget, { spent, firstAtMs }]) => ({
        budget,
        spent: amount(spent < 0n ? 0n : spent > AMOUNT_MAX ? BigInt(AMOUNT_MAX) : spent),
        firstAtMs,
      })),
    );
  }
}

// Neither tenants nor kinds contain a blank.
function keyOf({ tenant, scope }: TenantScope): string {
  return `${tenant} ${scope.kind} ${scope.name}`;
}
