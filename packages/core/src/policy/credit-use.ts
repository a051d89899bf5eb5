/** How what was spent is shown over grants and limit: grants first, in their order, then the limit, then overage. */
import { type Amount, subtract, subtractToZero } from '../amount.ts';
import type { Grant } from './policy-set.ts';
import type { ResolvedBudget } from './resolve.ts';

/** Where what was spent comes from. The parts add up to it. */
export interface CreditUse {
  readonly grants: readonly { readonly grant: Grant; readonly used: Amount }[];
  /** Of the limit; everything that no grant covers, where there is no limit. */
  readonly limit: Amount;
  /** Beyond both. */
  readonly overage: Amount;
}

/** `spent` (what is settled and reserved in the period), divided over the grants and the limit of `budget`. */
export function creditUse(budget: ResolvedBudget, spent: Amount): CreditUse {
  let rest = spent;
  const grants = budget.grants.map((grant) => {
    const used = smaller(rest, grant.amount);
    rest = subtract(rest, used);
    return { grant, used };
  });
  const { limit } = budget.terms;
  const own = limit === null ? rest : smaller(rest, limit);
  return { grants, limit: own, overage: subtractToZero(rest, own) };
}

function smaller(a: Amount, b: Amount): Amount {
  return a < b ? a : b;
}
