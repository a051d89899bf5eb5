/** Accounts as callers see them: decimal USD and ISO instants instead of nano-USD and milliseconds. */
import type { BudgetView } from '@bursar/api';
import {
  type Account,
  accountParts,
  available,
  formatUsd,
  type InstantMs,
  type SignedAmount,
} from '@bursar/core';

/** The account as its budget's present state. */
export function budgetViewOf(account: Account): BudgetView {
  const { scope, budget, period } = accountParts(account.id);
  const isTracked = account.limit === null && account.terms?.isEnforced === false;
  // A limit that refuses nothing is shown all the same, for that is what it is for.
  const limit = isTracked ? (account.terms?.limit ?? null) : account.limit;
  const room = available(isTracked ? { ...account, limit } : account);
  return {
    scope,
    budget,
    period,
    limitUsd: limit === null ? null : formatUsd(limit),
    grantedUsd: formatUsd(account.granted),
    settledUsd: formatUsd(account.settled),
    reservedUsd: formatUsd(account.reserved),
    availableUsd: room === null ? null : formatUsd(room as SignedAmount),
    resetsAt: isoOfEnd(account.endAtMs),
    ...(isTracked ? { mode: 'track' } : {}),
  };
}

/** Ends of periods that are remembered as text: nearly all accounts share a few. */
const ENDS_MAX = 100;
const ENDS = new Map<InstantMs, string>();

function isoOfEnd(atMs: InstantMs): string {
  const known = ENDS.get(atMs);
  if (known !== undefined) return known;
  if (ENDS.size >= ENDS_MAX) ENDS.clear();
  const text = isoOf(atMs);
  ENDS.set(atMs, text);
  return text;
}

let last = { atMs: Number.NaN, text: '' };

/** ISO 8601 in UTC, with milliseconds. What is answered together has mostly the same instants. */
export function isoOf(atMs: InstantMs): string {
  if (last.atMs !== atMs) last = { atMs, text: new Date(atMs).toISOString() };
  return last.text;
}
