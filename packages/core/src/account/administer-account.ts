/**
 * Commands about an account as a whole: its limit, what the policies say about it, grants and adjustments.
 *
 * Part of `transition`, with the same promises: pure, and safe to repeat. Who may give them is decided elsewhere.
 */
import { add, type Amount, AMOUNT_MAX, ZERO } from '../amount.ts';
import { type Account, limitFor } from './account.ts';
import { isNewerTerms } from './account-terms.ts';
import type { AdminCommand, CommandOf } from './command.ts';
import type { InstantMs } from '../time.ts';
import {
  type AccountView,
  applied,
  NO_ENTRIES,
  REPLAYED,
  rejected,
  replay,
  type Transition,
} from './step.ts';

/** The account as a limit, the end of one or the policies would have it. */
function underNewLimit(
  { account, limits }: AccountView,
  command: CommandOf<'setLimit' | 'clearLimit' | 'setTerms'>,
): Account {
  const { terms } = account;
  const fallback = limits?.fallback ?? null;
  switch (command.kind) {
    case 'setLimit':
      return { ...account, limit: command.limit };
    case 'clearLimit':
      return { ...account, limit: limitFor(undefined, terms, fallback) };
    case 'setTerms': {
      if (!isNewerTerms(command.terms, terms)) return account;
      // What people granted stays.
      const granted = account.granted - (terms?.granted ?? 0) + command.terms.granted;
      return {
        ...account,
        limit: limitFor(limits?.own, command.terms, fallback),
        granted: granted as Amount,
        terms: command.terms,
      };
    }
  }
}

/** The account after `command`. See `transition`. */
export function administerAccount(
  view: AccountView,
  command: AdminCommand,
  nowMs: InstantMs,
): Transition {
  const { account } = view;
  const sequence = account.sequence + 1;
  const entry = {
    account: account.id,
    sequence,
    reservation: null,
    lease: account.lease,
    atMs: nowMs,
    detail:
      command.kind === 'setTerms'
        ? { by: 'policies', version: command.terms.version }
        : command.detail,
  };
  if (command.kind === 'setLimit' || command.kind === 'clearLimit' || command.kind === 'setTerms') {
    const next = underNewLimit(view, command);
    if (next.limit === account.limit && next.granted === account.granted) {
      // Terms that come to the same are kept for their version.
      return next.terms === account.terms
        ? replay(view)
        : applied(next, undefined, NO_ENTRIES, REPLAYED);
    }
    if ((next.limit ?? 0) + next.granted > AMOUNT_MAX) return rejected(view, 'amount_out_of_range');
    return applied({ ...next, sequence }, undefined, [
      { ...entry, kind: 'limit', key: String(sequence), amount: ZERO, limit: next.limit },
    ]);
  }
  if (view.entry !== undefined) {
    return view.entry.amount === command.amount
      ? replay(view)
      : rejected(view, 'idempotency_key_reused');
  }
  if (command.kind === 'grant') {
    if ((account.limit ?? 0) + account.granted + command.amount > AMOUNT_MAX) {
      return rejected(view, 'amount_out_of_range');
    }
    return applied(
      { ...account, granted: add(account.granted, command.amount), sequence },
      undefined,
      [{ ...entry, kind: 'grant', key: command.key, amount: command.amount }],
    );
  }
  const settled = account.settled + command.amount;
  if (settled < 0 || settled + account.reserved + account.leased > AMOUNT_MAX) {
    return rejected(view, 'amount_out_of_range');
  }
  return applied({ ...account, settled: settled as Amount, sequence }, undefined, [
    { ...entry, kind: 'adjust', key: command.key, amount: command.amount },
  ]);
}
