/**
 * A decision: the answer to a command and what it changes, put together from the answers of its legs.
 *
 * What all commands about reservations have in common: all legs or none, and accounts opened on first touch.
 */
import { type Account, limitFor, openAccount } from '../account/account.ts';
import type { Leg } from '../account/leg.ts';
import type { Applied, RejectionCode } from '../account/outcome.ts';
import {
  type AccountView,
  applied,
  NO_ENTRIES,
  REPLAYED,
  type Transition,
} from '../account/step.ts';
import { transition } from '../account/transition.ts';
import { type Amount, larger, ZERO } from '../amount.ts';
import { assert } from '../assert.ts';
import { budgetOf } from '../budget/budget.ts';
import type { AccountId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { BooksReader, Changes } from './books.ts';
import type { LegAccount } from './command.ts';
import type { Outcome } from './outcome.ts';
import type { Reservation } from './reservation.ts';

/** What a tier decides with, beside its books. */
export interface Policy {
  /** Limit of budgets without one of their own, for each period; `null` for none. */
  readonly defaultLimit: Amount | null;
}

/** The answer to a command, and what it changes. */
export interface Decision<O extends Outcome = Outcome> {
  readonly outcome: O;
  readonly changes: Changes;
}

const NO_CORRECTIONS: Changes['corrections'] = [];

/** A command that changes nothing. */
export const NOTHING: Changes = {
  accounts: [],
  legs: [],
  entries: [],
  leases: [],
  corrections: [],
};

/** All legs or none: one answer from the answers of the legs. `made` is the reservation, when the command made it. */
export function conclude(
  reservation: Reservation,
  before: readonly Account[],
  steps: readonly Transition[],
  nowMs: InstantMs,
  made?: Reservation,
): Decision {
  return (
    refusalOf(before, steps, nowMs) ?? {
      outcome: done(steps, reservation),
      changes: changesOf(before, steps, made),
    }
  );
}

/** The answer when some leg was not applied. */
function refusalOf(
  before: readonly Account[],
  steps: readonly Transition[],
  nowMs: InstantMs,
): Decision | undefined {
  if (steps.every(({ outcome }) => outcome.outcome === 'applied')) return undefined;
  for (const { outcome } of steps) {
    if (outcome.outcome === 'rejected') return rejected(outcome.code);
  }
  if (steps.some(({ outcome }) => outcome.outcome === 'period_mismatch')) {
    return { outcome: { outcome: 'period_mismatch', nowMs }, changes: NOTHING };
  }
  const shortfalls = steps.flatMap(({ account, outcome }) =>
    outcome.outcome === 'denied' ? [{ account: account.id, missing: outcome.missing }] : [],
  );
  return { outcome: { outcome: 'denied', shortfalls, accounts: before }, changes: NOTHING };
}

/** What legs changed that were all applied. */
function changesOf(
  before: readonly Account[],
  steps: readonly Transition[],
  reservation: Reservation | undefined,
): Changes {
  const accounts: Account[] = [];
  const legs: Leg[] = [];
  steps.forEach(({ account, leg, outcome }, index) => {
    if (account !== before[index]) accounts.push(account);
    if (leg !== undefined && !(outcome as Applied).replayed) legs.push(leg);
  });
  // Of one leg nearly always.
  const [only] = steps;
  const isOne = only !== undefined && steps.length === 1;
  const entries = isOne ? only.entries : steps.flatMap((step) => step.entries);
  const leases = isOne ? only.leases : steps.flatMap((step) => step.leases);
  return { accounts, legs, entries, leases, corrections: NO_CORRECTIONS, reservation };
}

/** The answer about `reservation`, of legs that were all applied. */
function done(steps: readonly Transition[], reservation: Reservation): Outcome {
  let replayed = true;
  let late = false;
  let conflict = false;
  let amount = ZERO;
  let spent = ZERO;
  let overage = ZERO;
  for (const { leg, outcome } of steps) {
    const answer = outcome as Applied;
    replayed &&= answer.replayed;
    late ||= answer.late;
    conflict ||= answer.conflict;
    overage = larger(overage, answer.overage);
    amount = larger(amount, leg?.amount ?? ZERO);
    spent = larger(spent, leg?.spent ?? ZERO);
  }
  const first = steps[0]?.leg;
  assert(first !== undefined, 'what is applied about a reservation has a leg');
  const { state, deadlineAtMs } = first;
  const accounts = steps.map(({ account }) => account);
  return {
    outcome: 'applied',
    replayed,
    reservation,
    state,
    amount,
    spent,
    deadlineAtMs,
    overage,
    late,
    conflict,
    accounts,
  };
}

/** The answer to a command about an account as a whole, which was applied. */
export function administered({ account, outcome }: Transition): Outcome {
  const { replayed, overage, late, conflict, lease } = outcome as Applied;
  return {
    outcome: 'applied',
    replayed,
    amount: ZERO,
    spent: ZERO,
    deadlineAtMs: null,
    overage,
    late,
    conflict,
    ...(lease === undefined ? {} : { lease }),
    accounts: [account],
  };
}

/** The account as it is, or a fresh one on the terms of its budget. */
export function accountFor(
  books: BooksReader,
  { account: id, period, terms }: LegAccount,
  policy: Policy,
): Account {
  const existing = books.account(id);
  if (existing !== undefined) return existing;
  const limit = limitFor(books.limit(budgetOf(id)), terms, policy.defaultLimit);
  return openAccount(id, period, limit, terms);
}

/** What is known of the account's limits besides the account itself. */
export function limitsOf(books: BooksReader, id: AccountId, policy: Policy): AccountView['limits'] {
  return { own: books.limit(budgetOf(id)), fallback: policy.defaultLimit };
}

/**
 * The account on the terms that `leg` brings along, if they are newer than its own, with the entry that says
 * so. Terms that cannot be counted are a rejection.
 */
export function accountOnTerms(
  books: BooksReader,
  leg: LegAccount,
  policy: Policy,
  nowMs: InstantMs,
): Transition {
  const account = accountFor(books, leg, policy);
  const { terms } = leg;
  if (terms === undefined || account.terms === terms)
    return applied(account, undefined, NO_ENTRIES, REPLAYED);
  const limits = limitsOf(books, account.id, policy);
  return transition({ account, limits }, { kind: 'setTerms', terms }, nowMs);
}

/** The account of a reservation that exists, which therefore exists too. */
export function knownAccount(books: BooksReader, id: AccountId): Account {
  const account = books.account(id);
  assert(account !== undefined, 'the account of a known reservation exists');
  return account;
}

/** Turned away, with nothing changed. */
export function rejected(code: RejectionCode): Decision {
  return { outcome: { outcome: 'rejected', code }, changes: NOTHING };
}
