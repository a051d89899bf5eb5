/**
 * Denials: why a call may not be made, and what would help.
 *
 * A denial is an answer and not an error: nothing was set aside anywhere. Only data is made here; the sentence
 * follows from it in `denial-sentence.ts`.
 */
import type { Denied, ModeView, MoneyDenial, OwnKeyView, ShortBudget } from '@bursar/api';
import {
  type Account,
  type Amount,
  AMOUNT_MAX,
  assert,
  available,
  type EstimateInput,
  formatUsd,
  INSTANT_MAX,
  type InstantMs,
  largestOutputFitting,
  type Refused,
  ZERO,
} from '@bursar/core';
import { budgetViewOf, isoOf } from './budget-view.ts';
import type { CallRate } from './call-rates.ts';
import { worded } from './denial-sentence.ts';
import { deniedRates, outputWithinRates } from './rate-denial.ts';
import { exceededShares } from './share-denial.ts';

/** What was asked for when the tier refused. */
export interface DeniedRequest {
  /** Wanted in total. */
  readonly needed: Amount;
  /** Set aside or booked for this reservation before; 0 unless it was an extension. */
  readonly alreadyHeld: Amount;
  /** The bounds that `needed` was estimated from; absent when the caller named the amount. */
  readonly bounds: EstimateInput | undefined;
  /** The rates that the call was to fit, and when it was asked. */
  readonly rates?: { readonly asked: readonly CallRate[]; readonly nowMs: InstantMs };
  /** Why the user's own key does not pay instead, where it could. */
  readonly ownKey?: OwnKeyView | null;
}

/** An account without enough room. */
interface Short {
  readonly account: Account;
  readonly missing: Amount;
  /** The call is more than the account's whole limit. */
  readonly isTooSmall: boolean;
}

/** The answer to a refused reservation or extension. */
export function denialOf(refused: Refused, request: DeniedRequest, mode: ModeView): Denied {
  const short = shortAccounts(refused, request.needed);
  const [worst] = short;
  if (worst === undefined) return rateDenialOf(refused, request, mode);
  const shared: Omit<MoneyDenial<never>, 'reason' | 'message'> = {
    decision: 'denied',
    budget: budgetViewOf(worst.account),
    neededUsd: formatUsd(request.needed),
    heldUsd: formatUsd(request.alreadyHeld),
    missingUsd: formatUsd(worst.missing),
    budgets: short.map(shortBudgetOf),
    outputTokensThatFit:
      request.bounds === undefined
        ? null
        : outputFitting(refused, request.bounds, request.alreadyHeld),
    ownKey: request.ownKey ?? null,
    mode,
  };
  if (worst.isTooSmall) return worded({ ...shared, reason: 'limit_too_small', fitsAgainAt: null });
  const fitsAgainAt = lastOf(shared.budgets);
  return worded({ ...shared, reason: 'budget_exhausted', fitsAgainAt });
}

/** The answer when no budget lacks room, but a rate does, or the user has too much of a budget set aside. */
function rateDenialOf(refused: Refused, request: DeniedRequest, mode: ModeView): Denied {
  const { asked = [], nowMs = 0 as InstantMs } = request.rates ?? {};
  const answers = refused.rates ?? [];
  const shared = { decision: 'denied', budgets: [], ownKey: null, mode } as const;
  const shares = exceededShares(refused, asked, request.needed);
  const denied = deniedRates(answers, asked, nowMs);
  if (denied === undefined) {
    const [worst, ...others] = shares;
    assert(worst !== undefined, 'a refusal names at least one account or rate');
    return worded({
      ...shared,
      reason: 'share_exceeded',
      ...worst,
      shares: [worst, ...others],
      neededUsd: formatUsd(request.needed),
      outputTokensThatFit: null,
    });
  }
  const { bounds } = request;
  const fitting =
    bounds === undefined || shares.length > 0
      ? 0
      : Math.min(
          outputFitting(refused, bounds, request.alreadyHeld) ?? 0,
          outputWithinRates(answers, asked, bounds.inputTokens),
        );
  return worded({
    ...shared,
    reason: 'rate_limited',
    ...denied,
    outputTokensThatFit: fitting === 0 ? null : fitting,
  });
}

/** The denial of a request with more input tokens than any may have. */
export function tooManyInputTokens(actual: number, limit: number, mode: ModeView): Denied {
  return worded({
    decision: 'denied',
    reason: 'request_too_large',
    counts: 'inputTokens',
    limit,
    actual,
    budgets: [],
    outputTokensThatFit: null,
    ownKey: null,
    mode,
  });
}

/** Worst first: what fits in no period, then what lacks most, then by id so that the order is always the same. */
function shortAccounts({ shortfalls, accounts }: Refused, needed: Amount): readonly Short[] {
  return shortfalls
    .map(({ account: id, missing }) => {
      const account = accounts.find((candidate) => candidate.id === id);
      assert(account !== undefined, 'a refusal carries the accounts it names');
      return { account, missing, isTooSmall: isMoreThanWhole(account, needed) };
    })
    .toSorted(
      (a, b) =>
        Number(b.isTooSmall) - Number(a.isTooSmall) ||
        b.missing - a.missing ||
        (a.account.id < b.account.id ? -1 : 1),
    );
}

/** Whether `needed` is more than all that may ever be spent of `account`, grants included. */
function isMoreThanWhole({ limit, granted }: Account, needed: Amount): boolean {
  return limit !== null && needed > limit + granted;
}

function shortBudgetOf({ account, missing, isTooSmall }: Short): ShortBudget {
  const isForever = account.endAtMs === INSTANT_MAX;
  return {
    budget: budgetViewOf(account),
    missingUsd: formatUsd(missing),
    fitsAgainAt: isTooSmall || isForever ? null : isoOf(account.endAtMs),
  };
}

/** When the last of `budgets` fits; `null` when one never does. */
function lastOf(budgets: readonly ShortBudget[]): string | null {
  const instants = budgets.map(({ fitsAgainAt }) => fitsAgainAt);
  return instants.reduce((a, b) => (a === null || b === null ? null : a > b ? a : b));
}

/**
 * The largest output bound with which a call of `bounds` fits all accounts of `refused`, `alreadyHeld` for it
 * being among what is set aside there; `null` when not even one token does.
 */
export function outputFitting(
  refused: Refused,
  bounds: EstimateInput,
  alreadyHeld: Amount = ZERO,
): number | null {
  const room = refused.accounts.reduce(
    (least, account) => Math.min(least, roomOf(account)),
    Infinity,
  );
  const output = largestOutputFitting(Math.min(alreadyHeld + room, AMOUNT_MAX) as Amount, bounds);
  return output >= 1 ? output : null;
}

function roomOf(account: Account): number {
  return Math.max(0, available(account) ?? Infinity);
}
