/** A denial is data; these are its fields in a product's own words. */
import { denialOf } from '@bursar/client';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import type { Stage } from './stage.ts';

/** Why Bursar refused a call. */
export type Denied = NonNullable<ReturnType<typeof denialOf>>;
type BudgetExhausted = Extract<Denied, { readonly reason: 'budget_exhausted' }>;
type RateLimited = Extract<Denied, { readonly reason: 'rate_limited' }>;

/** How `call` was refused; `undefined` if it was answered. Throws whatever else goes wrong. */
export async function refusalOf(call: Promise<unknown>): Promise<Denied | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const denied = denialOf(error);
    if (denied === undefined) throw error;
    return denied;
  }
}

/** That money is missing: of which budget, how much, and when there is some again. */
export function tellExhausted({ narrator, installation }: Stage, denied: Denied): void {
  const { budget, budgets, neededUsd, missingUsd, fitsAgainAt } = asExhausted(denied);
  const { kind, name } = budget.scope;
  // Names end with the run's own.
  const shown = name.slice(0, name.length - installation.nameOf('').length);
  const usd = (text: string) => showUsd(parseUsd(text));
  narrator.refusal(`refused: ${denied.reason}, "${budget.budget}" of ${kind} ${shown}`);
  narrator.fact(
    `the call may cost ${usd(neededUsd)}; ${usd(budget.availableUsd ?? '0')} of ` +
      `${usd(budget.limitUsd ?? '0')} is left, so ${usd(missingUsd)} is missing` +
      (budgets.length === 1 ? '; no other budget lacks any' : ''),
  );
  if (fitsAgainAt !== null) {
    narrator.fact(`it fits again on ${fitsAgainAt.slice(0, 10)}, when the next month begins`);
  }
}

/** That calls came too fast, and how long to wait. */
export function tellRateLimited({ narrator }: Stage, denied: Denied): void {
  const { rates, retryAfterMs } = asRateLimited(denied);
  const [{ name, limit, counts }] = rates;
  narrator.refusal(`refused: ${denied.reason}, "${name}" of ${limit} ${counts}`);
  narrator.fact(`try again in ${Math.ceil((retryAfterMs ?? 0) / 1_000)} seconds`);
}

function asExhausted(denied: Denied): BudgetExhausted {
  if (denied.reason === 'budget_exhausted') return denied;
  throw new Error(`Refused, but not for want of money: ${denied.message}`);
}

function asRateLimited(denied: Denied): RateLimited {
  if (denied.reason === 'rate_limited') return denied;
  throw new Error(`Refused, but not for being too fast: ${denied.message}`);
}
