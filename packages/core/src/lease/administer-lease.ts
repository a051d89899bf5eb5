/**
 * Commands about the leases of an account: open, draw, return, suspect, close.
 *
 * Part of `transition`, with the same promises: pure, and safe to repeat. Decides what is granted out of
 * what; whether a suspect lease may be closed is decided by who can see all processes (server/src/lease).
 */
import { add, type Amount, AMOUNT_MAX, larger, subtractToZero, ZERO } from '../amount.ts';
import { type Account, available, committed } from '../account/account.ts';
import type { CommandOf, LeaseCommand } from '../account/command.ts';
import type { Applied, RejectionCode } from '../account/outcome.ts';
import type { AccountView, Transition } from '../account/step.ts';
import type { InstantMs } from '../time.ts';
import { type Lease, newLease, outstanding, outstandingChange, UNKNOWN_HOLDER } from './lease.ts';
import { type LeaseAsk, leaseSize } from './size.ts';

/**
 * What opening a lease adds to the account's sequence: the holder's copy counts on from there, so that
 * whoever watches the account sees one rising sequence though each copy counts for itself.
 */
export const SEQUENCE_STEP = 1_048_576;

/** The account and its leases after `command`. See `transition`. */
export function administerLease(
  view: AccountView,
  command: LeaseCommand,
  nowMs: InstantMs,
): Transition {
  switch (command.kind) {
    case 'openLease':
      return open(view, command, nowMs);
    case 'draw':
      return draw(view, command);
    case 'returnLease':
      return change(view, command.lease, (lease) => ({
        ...lease,
        returned: smaller(larger(lease.returned, command.returned), lease.drawn),
      }));
    case 'suspectLease':
      return change(view, command.lease, (lease) => suspected(lease, nowMs));
    case 'closeLease':
      return change(view, command.lease, (lease) => ({ ...lease, state: 'closed' }));
  }
}

function open(view: AccountView, command: CommandOf<'openLease'>, nowMs: InstantMs): Transition {
  if (view.lease !== undefined) return repeated(view, view.lease);
  const leases = view.leases ?? [];
  const theirs = leases.filter(({ holder }) => holder === command.holder);
  // A newer request of the same holder came first: its lease is the one that will be installed.
  if (theirs.some(({ ticket }) => ticket >= command.ticket))
    return refused(view, 'lease_superseded');
  const superseded = theirs
    .filter(({ state }) => state === 'live')
    .map((lease) => suspected(lease, nowMs));
  const holders = 1 + countHolders(leases, command.holder);
  const lease: Lease = {
    ...newLease({ id: command.lease, account: view.account.id, holder: command.holder }),
    ticket: command.ticket,
    drawn: leaseSize(roomOf(view.account), command.ask, holders),
  };
  const account: Account = {
    ...view.account,
    leased: add(view.account.leased, outstanding(lease)),
    sequence: view.account.sequence + SEQUENCE_STEP,
  };
  return done(account, lease, [...superseded, lease]);
}

function draw(view: AccountView, command: CommandOf<'draw'>): Transition {
  const { account } = view;
  // The authority lost its last commits, and the lease with them: the holder proves what it has.
  const found =
    view.lease ?? newLease({ id: command.lease, account: account.id, holder: command.holder });
  const known = found.holder === UNKNOWN_HOLDER ? { ...found, holder: command.holder } : found;
  if (known.state !== 'live') return refused(view, 'lease_superseded');
  const lease = { ...known, drawn: larger(known.drawn, command.have) };
  const leased = account.leased + outstandingChange(view.lease ?? zeroOf(known), lease);
  const proven: Account = { ...account, leased: leased as Amount };
  // What it was granted before and has not heard of counts towards what it needs now.
  const unheard = lease.drawn - command.have;
  // What the copy owes and the books count already costs nothing more: the lease only has to say so.
  const counted = subtractToZero(lease.settled, subtractToZero(lease.drawn, lease.returned));
  const owed = smaller(command.ask.owed ?? ZERO, counted);
  const ask: LeaseAsk = {
    ...command.ask,
    need: Math.max(0, command.ask.need - unheard - owed) as Amount,
    least: subtractToZero(command.ask.least, owed),
  };
  const holders = 1 + countHolders(view.leases ?? [], known.holder);
  const isEnough = ask.need === 0 && unheard + owed > 0;
  const more = isEnough ? ZERO : leaseSize(roomOf(proven), ask, holders);
  const next = { ...lease, drawn: add(lease.drawn, add(owed, more)) };
  if (next.drawn === view.lease?.drawn && next.holder === view.lease.holder) {
    return repeated(view, next);
  }
  return done(
    {
      ...proven,
      leased: (proven.leased + outstandingChange(lease, next)) as Amount,
      sequence: account.sequence + 1,
    },
    next,
    [next],
  );
}

function change(view: AccountView, _id: Lease['id'], next: (lease: Lease) => Lease): Transition {
  const { lease, account } = view;
  if (lease === undefined) return refused(view, 'lease_superseded');
  const changed = next(lease);
  if (sameLease(lease, changed)) return repeated(view, lease);
  const leased = account.leased + outstandingChange(lease, changed);
  return done({ ...account, leased: leased as Amount, sequence: account.sequence + 1 }, changed, [
    changed,
  ]);
}

/** What may be leased: what is available, or without a limit what the sums can still hold. */
function roomOf(account: Account): number {
  return Math.min(available(account) ?? Infinity, AMOUNT_MAX - committed(account));
}

function suspected(lease: Lease, nowMs: InstantMs): Lease {
  return lease.state === 'live' ? { ...lease, state: 'suspect', suspectSinceMs: nowMs } : lease;
}

function countHolders(leases: readonly Lease[], except: Lease['holder']): number {
  const live = leases.filter(({ state, holder }) => state === 'live' && holder !== except);
  return new Set(live.map(({ holder }) => holder)).size;
}

function zeroOf(lease: Lease): Lease {
  return { ...lease, drawn: ZERO };
}

function sameLease(a: Lease, b: Lease): boolean {
  return a.state === b.state && a.returned === b.returned && a.drawn === b.drawn;
}

function smaller(a: Amount, b: Amount): Amount {
  return a <= b ? a : b;
}

function done(account: Account, lease: Lease, leases: readonly Lease[]): Transition {
  return { account, leg: undefined, outcome: applied(lease, false), entries: [], leases };
}

function repeated(view: AccountView, lease: Lease): Transition {
  return {
    account: view.account,
    leg: undefined,
    outcome: applied(lease, true),
    entries: [],
    leases: [],
  };
}

function applied(lease: Lease, replayed: boolean): Applied {
  return { outcome: 'applied', replayed, lease, overage: ZERO, late: false, conflict: false };
}

function refused(view: AccountView, code: RejectionCode): Transition {
  return {
    account: view.account,
    leg: undefined,
    outcome: { outcome: 'rejected', code },
    entries: [],
    leases: [],
  };
}
