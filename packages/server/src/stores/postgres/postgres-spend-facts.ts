/** What scopes have spent, from the tables `accounts` and `ledger_entries`. */
import {
  accountParts,
  type AccountId,
  amount,
  AMOUNT_MAX,
  assert,
  budgetId,
  type BudgetSpend,
  CARRY_KEY_PREFIX,
} from '@bursar/core';
import { type Kysely, sql } from 'kysely';
import { SPEND_SCOPES_MAX, type SpendFacts, type TenantScope } from '../../policies/spend-facts.ts';
import { instantOf } from './rows.ts';
import type { Database } from './schema.ts';
import { toStoreError } from './store-failure.ts';

interface Row {
  readonly place: number;
  readonly an_account: string;
  readonly spent: bigint;
  readonly first_at: Date | null;
}

/** Reads the ledger's accounts, a range of their ids for each scope. */
export class PostgresSpendFacts implements SpendFacts {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async spendOf(scopes: readonly TenantScope[]): Promise<readonly (readonly BudgetSpend[])[]> {
    assert(
      scopes.length <= SPEND_SCOPES_MAX,
      'a question is about at most SPEND_SCOPES_MAX scopes',
    );
    const found = scopes.map((): BudgetSpend[] => []);
    if (scopes.length === 0) return found;
    for (const { place, an_account: account, spent, first_at: first } of await this.#rows(scopes)) {
      found[place]?.push({
        budget: accountParts(account as AccountId).budget,
        spent: amount(spent),
        firstAtMs: first === null ? null : instantOf(first),
      });
    }
    return found;
  }

  async #rows(scopes: readonly TenantScope[]): Promise<readonly Row[]> {
    const prefixes = scopes.map(prefixOf);
    // "0" is the character after "/", so that the range holds what begins with the prefix and nothing else.
    const ends = prefixes.map((prefix) => `${prefix.slice(0, -1)}0`);
    try {
      const { rows } = await sql<Row>`
        select scopes.place::int - 1 as place, budgets.an_account, budgets.spent, budgets.first_at
        from unnest(${prefixes}::text[], ${ends}::text[])
          with ordinality as scopes (prefix, range_end, place)
        cross join lateral (
          select
            min(accounts.id) as an_account,
            least(
              greatest(sum(accounts.settled_nano_usd) - coalesce(sum(carries.amount), 0), 0),
              ${AMOUNT_MAX}::numeric
            )::bigint as spent,
            min(firsts.at) as first_at
          from accounts
          -- What an account carries was spent on another one of the budget, and is counted there.
          left join lateral (
            select sum(amount_nano_usd) as amount from ledger_entries
            where account_id = accounts.id and reservation_id is null
              and kind = 'adjust' and starts_with(key, ${CARRY_KEY_PREFIX})
          ) as carries on true
          left join lateral (
            select entries.at from ledger_entries as entries
            where entries.account_id = accounts.id
            order by entries.sequence limit 1
          ) as firsts on true
          where accounts.id >= scopes.prefix collate "C" and accounts.id < scopes.range_end collate "C"
          group by accounts.budget_id
        ) as budgets`.execute(this.#db);
      return rows;
    } catch (error) {
      throw toStoreError(error, false);
    }
  }
}

/** What the ids of all accounts of a scope begin with. */
function prefixOf({ tenant, scope }: TenantScope): string {
  const id = budgetId(tenant, scope);
  return id.slice(0, id.lastIndexOf('/') + 1);
}
