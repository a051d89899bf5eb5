/** What scopes have spent, from books in this process's memory: one look at every account. */
import {
  accountParts,
  AMOUNT_MAX,
  type Amount,
  type BudgetSpend,
  type InstantMs,
  type MemoryTier,
} from '@bursar/core';
import type { SpendFacts, TenantScope } from './spend-facts.ts';

/** Reads the books of a memory tier. */
export class MemorySpendFacts implements SpendFacts {
  readonly #tier: Pick<MemoryTier, 'booked'>;

  constructor(tier: Pick<MemoryTier, 'booked'>) {
    this.#tier = tier;
  }

  async spendOf(scopes: readonly TenantScope[]): Promise<readonly (readonly BudgetSpend[])[]> {
    const wanted = new Map(scopes.map((scope) => [keyOf(scope), new Map<string, BudgetSpend>()]));
    for (const { account, firstAtMs } of this.#tier.booked()) {
      const { tenant, scope, budget } = accountParts(account.id);
      const budgets = wanted.get(keyOf({ tenant, scope }));
      if (budgets === undefined) continue;
      const known = budgets.get(budget);
      budgets.set(budget, {
        budget,
        spent: Math.min(AMOUNT_MAX, (known?.spent ?? 0) + account.settled) as Amount,
        firstAtMs: Math.min(known?.firstAtMs ?? Infinity, firstAtMs) as InstantMs,
      });
    }
    return scopes.map((scope) => [...(wanted.get(keyOf(scope))?.values() ?? [])]);
  }
}

// Neither tenants nor kinds contain a blank.
function keyOf({ tenant, scope }: TenantScope): string {
  return `${tenant} ${scope.kind} ${scope.name}`;
}
