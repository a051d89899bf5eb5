/** What a transition is made of: the view that it starts from, and the answers that it can end with. */
import { type Amount, ZERO } from '../amount.ts';
import type { Lease } from '../lease/lease.ts';
import type { Account } from './account.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { Leg } from './leg.ts';
import type { AccountOutcome, Applied, RejectionCode } from './outcome.ts';

/** What `transition` has to know: the account and what is stored under the command's id. */
export interface AccountView {
  readonly account: Account;
  /** The leg that the command is about, if it exists. */
  readonly leg?: Leg | undefined;
  /** The entry of a grant or adjustment with the command's key, if it exists. */
  readonly entry?: LedgerEntry | undefined;
  /** The lease that the command or the leg names, if it exists. */
  readonly lease?: Lease | undefined;
  /** The budget's own limit, if it has one, and the limit of budgets about which nothing is said. */
  readonly limits?:
    | { readonly own: Amount | null | undefined; readonly fallback: Amount | null }
    | undefined;
  /** The account's leases that are not closed; for commands about leases. */
  readonly leases?: readonly Lease[] | undefined;
}

/** What comes back: the account and leg afterwards, the answer, and the entry that explains the change. */
export interface Transition {
  readonly account: Account;
  readonly leg: Leg | undefined;
  readonly outcome: AccountOutcome;
  /** At most one entry per command; empty when nothing about money changed. */
  readonly entries: readonly LedgerEntry[];
  /** Leases that changed with it. */
  readonly leases: readonly Lease[];
}

/** The account with other sums, one command later. Written out: a spread costs more, and each command makes one. */
export function withSums(
  account: Account,
  settled: Amount,
  reserved: Amount,
  leased: Amount,
): Account {
  // Every field, also those that may be absent: one that is forgotten here does not compile.
  const next: { readonly [Field in keyof Required<Account>]: Account[Field] } = {
    id: account.id,
    lease: account.lease,
    startAtMs: account.startAtMs,
    endAtMs: account.endAtMs,
    limit: account.limit,
    granted: account.granted,
    settled,
    reserved,
    leased,
    sequence: account.sequence + 1,
    terms: account.terms,
  };
  return next;
}

/** The answer to a repeat: nothing changes. */
export function replay(view: AccountView): Transition {
  return applied(view.account, view.leg, NO_ENTRIES, REPLAYED);
}

/** The command cannot be applied. */
export function rejected(view: AccountView, code: RejectionCode): Transition {
  return unchanged(view, { outcome: 'rejected', code });
}

/** Any answer that changes nothing. */
export function unchanged(view: AccountView, outcome: AccountOutcome): Transition {
  return { account: view.account, leg: view.leg, outcome, entries: NO_ENTRIES, leases: NO_LEASES };
}

/** The answer to most commands, and the one to most repeats. Shared: each command would make one otherwise. */
export const APPLIED: Applied = {
  outcome: 'applied',
  replayed: false,
  overage: ZERO,
  late: false,
  conflict: false,
};
export const REPLAYED: Applied = { ...APPLIED, replayed: true };

export const NO_ENTRIES: readonly LedgerEntry[] = [];
export const NO_LEASES: readonly Lease[] = [];

/** The command was applied, and this is what it came to. */
export function applied(
  account: Account,
  leg: Leg | undefined,
  entries: readonly LedgerEntry[] = NO_ENTRIES,
  outcome: Applied = APPLIED,
  leases: readonly Lease[] = NO_LEASES,
): Transition {
  return { account, leg, outcome, entries, leases };
}
