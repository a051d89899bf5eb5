/**
 * The rule: how one command changes one account.
 *
 * `transition` is the only function in Bursar that changes an account's sums; everything else stores,
 * transports or displays. It knows no clock, no I/O and no float. Its heart is a table with a cell for
 * each state of a leg and each command; a missing cell does not compile. What is done to an account as a whole is in
 * `administer-account.ts`, and to its leases in `administer-lease.ts`. Answers and their precedence:
 * `outcome.ts`. States, invariants and where each is enforced: docs/state-machine.md. The two-phase
 * transfer is that of a double-entry ledger; the join by rank follows from docs/decisions/0004.
 */
import { add, type Amount, AMOUNT_MAX, difference, larger, subtract, ZERO } from '../amount.ts';
import { unreachable } from '../assert.ts';
import type { InstantMs } from '../time.ts';
import { committed, shortfall } from './account.ts';
import { administerAccount } from './administer-account.ts';
import { administerLease } from '../lease/administer-lease.ts';
import {
  type AccountView,
  APPLIED,
  applied,
  NO_ENTRIES,
  NO_LEASES,
  rejected,
  REPLAYED,
  replay,
  type Transition,
  unchanged,
  withSums,
} from './step.ts';
import {
  type Lease,
  newLease,
  outstandingChange,
  settledBy,
  UNKNOWN_HOLDER,
} from '../lease/lease.ts';
import type { AccountCommand, CommandOf, LegCommand } from './command.ts';
import { held, type Leg, legAt, type LegState, RANK } from './leg.ts';
import type { Json, LedgerEntryKind } from './ledger-entry.ts';
import type { Applied, RejectionCode } from './outcome.ts';

/** How far outside its period an account still admits, for the clocks of two machines: 2 s. */
export const PERIOD_TOLERANCE_MS = 2_000;

/**
 * The account after `command` at `nowMs`, the answer, and the ledger entry. Never throws for a business
 * reason; on any answer but `applied` the account comes back unchanged. Repeating a command is always safe.
 */
export function transition(
  view: AccountView,
  command: AccountCommand,
  nowMs: InstantMs,
): Transition {
  switch (command.kind) {
    case 'reserve':
      return rowOf(view.leg).reserve(view, command, nowMs);
    case 'extend':
      return rowOf(view.leg).extend(view, command, nowMs);
    case 'settle':
      return rowOf(view.leg).settle(view, command, nowMs);
    case 'release':
      return rowOf(view.leg).release(view, command, nowMs);
    case 'expire':
      return rowOf(view.leg).expire(view, command, nowMs);
    case 'ingest':
      return rowOf(view.leg).ingest(view, command, nowMs);
    case 'setLimit':
    case 'clearLimit':
    case 'setTerms':
    case 'grant':
    case 'adjust':
      return administerAccount(view, command, nowMs);
    case 'openLease':
    case 'draw':
    case 'returnLease':
    case 'suspectLease':
    case 'closeLease':
      return administerLease(view, command, nowMs);
  }
}

/** States of a leg as the table knows them: `absent` until it is reserved. */
export type TableState = LegState | 'absent';
type Cell<C extends LegCommand> = (view: AccountView, command: C, nowMs: InstantMs) => Transition;
/** A cell for every state and every command; the type refuses a table with a hole. */
export type TransitionTable = {
  readonly [S in TableState]: { readonly [K in LegCommand['kind']]: Cell<CommandOf<K>> };
};

const TABLE: TransitionTable = {
  absent: {
    reserve: admit,
    extend: reject('reservation_not_found'),
    settle: reject('reservation_not_found'),
    release: reject('reservation_not_found'),
    expire: reject('reservation_not_found'),
    ingest: adopt,
  },
  reserved: {
    reserve: replay,
    extend: keepAlive,
    settle: book,
    release: giveBack,
    expire: lapse,
    ingest: join,
  },
  released: {
    reserve: reject('reservation_already_released'),
    extend: reject('reservation_already_released'),
    settle: book,
    release: replay,
    expire: replay,
    ingest: join,
  },
  expired: {
    reserve: reject('reservation_expired'),
    extend: reject('reservation_expired'),
    settle: book,
    release: reject('reservation_expired'),
    expire: replay,
    ingest: join,
  },
  settled: {
    reserve: reject('reservation_already_settled'),
    extend: reject('reservation_already_settled'),
    settle: compare,
    release: reject('reservation_already_settled'),
    expire: replay,
    ingest: join,
  },
};

/** The row of a leg. Named one by one, like the commands: looking them up by name takes a tenth of the rule. */
function rowOf(leg: Leg | undefined): TransitionTable[TableState] {
  switch (leg?.state) {
    case undefined:
      return TABLE.absent;
    case 'reserved':
      return TABLE.reserved;
    case 'released':
      return TABLE.released;
    case 'expired':
      return TABLE.expired;
    case 'settled':
      return TABLE.settled;
  }
}

// Cells for an open or absent leg.

function admit(view: AccountView, command: CommandOf<'reserve'>, nowMs: InstantMs): Transition {
  const { account } = view;
  if (committed(account) + command.amount > AMOUNT_MAX)
    return rejected(view, 'amount_out_of_range');
  if (
    nowMs < account.startAtMs - PERIOD_TOLERANCE_MS ||
    nowMs >= account.endAtMs + PERIOD_TOLERANCE_MS
  ) {
    return unchanged(view, { outcome: 'period_mismatch' });
  }
  const missing = shortfall(account, command.amount);
  if (missing > 0) return unchanged(view, { outcome: 'denied', missing });
  const leg: Leg = {
    reservation: command.reservation,
    account: account.id,
    lease: account.lease,
    state: 'reserved',
    amount: command.amount,
    spent: ZERO,
    deadlineAtMs: command.deadlineAtMs,
    dispatched: false,
  };
  return applied(
    withSums(account, account.settled, add(account.reserved, command.amount), account.leased),
    leg,
  );
}

function keepAlive(view: AccountView, command: CommandOf<'extend'>): Transition {
  const { account } = view;
  const leg = legOf(view);
  const amount = command.amount === null ? leg.amount : larger(leg.amount, command.amount);
  const next: Leg = {
    ...leg,
    amount,
    // The mark itself may shorten the life: a tentative leg lives as long as the longest call, a
    // dispatched one only until its caller has missed some heartbeats.
    deadlineAtMs:
      command.dispatched && !leg.dispatched
        ? command.deadlineAtMs
        : (Math.max(leg.deadlineAtMs, command.deadlineAtMs) as InstantMs),
    dispatched: leg.dispatched || command.dispatched,
  };
  const more = subtract(held(next), held(leg));
  if (committed(account) + more > AMOUNT_MAX) return rejected(view, 'amount_out_of_range');
  const missing = shortfall(account, more);
  if (missing > 0) return unchanged(view, { outcome: 'denied', missing });
  // A heartbeat that sets nothing more aside is no change of the account.
  if (more === 0) {
    return applied(account, next, NO_ENTRIES, sameLeg(leg, next) ? REPLAYED : APPLIED);
  }
  if (leg.lease !== account.lease) {
    // The lease it spends under is out of its holder's hands, or the holder would have decided this.
    const lease = leaseOf(view, leg);
    return withLease(view, lease, { ...lease, drawn: add(lease.drawn, more) }, next);
  }
  return applied(
    withSums(account, account.settled, add(account.reserved, more), account.leased),
    next,
  );
}

function giveBack(view: AccountView, command: CommandOf<'release'>, nowMs: InstantMs): Transition {
  const leg = legOf(view);
  return end(view, 'released', leg.spent, entryOf('release', 'end', command.detail), nowMs);
}

function lapse(view: AccountView, _command: CommandOf<'expire'>, nowMs: InstantMs): Transition {
  const leg = legOf(view);
  if (nowMs < leg.deadlineAtMs) return applied(view.account, leg, NO_ENTRIES, REPLAYED);
  // The caller of a dispatched leg vanished after the provider got the call: the worst case is booked, and
  // corrected when the truth arrives. A tentative one never reached a provider as far as anyone knows.
  const spent = leg.dispatched ? larger(leg.spent, leg.amount) : leg.spent;
  return end(view, 'expired', spent, entryOf('expire', 'end', null), nowMs);
}

// Cells that book.

/** The answer to a report that contradicts the first truth. */
const CONTRADICTED: Applied = { ...REPLAYED, conflict: true };

/** Books a total: on an open leg, and late on a released or expired one, whose account then shows the truth. */
function book(view: AccountView, command: CommandOf<'settle'>, nowMs: InstantMs): Transition {
  const leg = legOf(view);
  const note = entryOf('settle', command.final ? 'final' : String(command.cost), command.detail);
  if (command.final) return end(view, 'settled', command.cost, note, nowMs);
  if (command.cost <= leg.spent) return applied(view.account, leg, NO_ENTRIES, REPLAYED);
  return end(view, leg.state, command.cost, note, nowMs);
}

/** A settlement of a settled leg: a repeat if it says the same (or less, when partial), else a contradiction. */
function compare(view: AccountView, command: CommandOf<'settle'>): Transition {
  const leg = legOf(view);
  const agrees = command.final ? command.cost === leg.spent : command.cost <= leg.spent;
  return agrees ? replay(view) : rejected(view, 'reservation_already_settled');
}

/** The report of a leg that this tier has never seen: it is taken in as it stands there. */
function adopt(view: AccountView, command: CommandOf<'ingest'>, nowMs: InstantMs): Transition {
  const { amount = ZERO, deadlineAtMs = nowMs, dispatched = true } = command.open ?? {};
  const leg: Leg = {
    reservation: command.reservation,
    account: view.account.id,
    lease: command.lease,
    state: 'reserved',
    amount,
    spent: ZERO,
    deadlineAtMs,
    dispatched,
  };
  const { account } = view;
  if (leg.lease !== account.lease || held(leg) === 0) {
    return take({ ...view, leg }, command, command.spent, nowMs);
  }
  // An open leg under this tier's own right is set aside like one that it admitted itself.
  if (committed(account) + held(leg) > AMOUNT_MAX) return rejected(view, 'amount_out_of_range');
  const reserved = add(account.reserved, held(leg));
  const opened = { account: withSums(account, account.settled, reserved, account.leased), leg };
  return take(opened, command, command.spent, nowMs);
}

/** Brings a leg to what a report says, once it is clear that the report is news. */
function take(
  view: AccountView,
  command: CommandOf<'ingest'>,
  spent: Amount,
  nowMs: InstantMs,
): Transition {
  const leg = legOf(view);
  if (command.state === 'reserved' && spent === leg.spent) {
    // Only the authority's own legs are set aside by it; the others are inside their lease.
    return applied(view.account, leg);
  }
  return end(view, command.state, spent, ingestEntry(command), command.atMs ?? nowMs);
}

/** A report about a known leg: the higher rank replaces, the first truth stays, anything else is a repeat. */
function join(view: AccountView, command: CommandOf<'ingest'>, nowMs: InstantMs): Transition {
  const leg = legOf(view);
  const rank = rankOf(leg.state);
  const reported = rankOf(command.state);
  if (reported < rank) return replay(view);
  // Another right was set aside for the same call, and came to nothing: that says nothing about this one.
  if (command.lease !== leg.lease && command.state !== 'settled') return replay(view);
  if (command.state === 'reserved') return joinOpen(view, command, nowMs);
  if (reported === rank) {
    if (command.spent === leg.spent) return replay(view);
    if (command.state === 'settled') {
      return applied(view.account, leg, NO_ENTRIES, CONTRADICTED);
    }
    if (command.spent < leg.spent) return replay(view);
  }
  // Partial settlements stand, unless the truth says otherwise.
  const spent = command.state === 'settled' ? command.spent : larger(leg.spent, command.spent);
  return take(view, command, spent, nowMs);
}

/** The report of a leg that is open there and here: what is set aside, booked and known only grows. */
function joinOpen(view: AccountView, command: CommandOf<'ingest'>, nowMs: InstantMs): Transition {
  const leg = legOf(view);
  const { open } = command;
  // What the authority has in its own hands is extended by command, never by report.
  if (open === undefined || leg.lease === view.account.lease) return replay(view);
  const next: Leg = {
    ...leg,
    amount: larger(leg.amount, open.amount),
    deadlineAtMs: open.deadlineAtMs,
    dispatched: leg.dispatched || open.dispatched,
  };
  const spent = larger(leg.spent, command.spent);
  if (spent === leg.spent && sameLeg(leg, next)) return replay(view);
  return take({ ...view, leg: next }, command, spent, nowMs);
}

function rankOf(state: LegState): number {
  return state === 'reserved' ? -1 : RANK[state];
}

// Shared parts of the cells.

/** Brings the leg to `state` with `spent` booked in total, and the account with it. */
function end(
  view: AccountView,
  state: LegState,
  spent: Amount,
  note: EntryNote,
  nowMs: InstantMs,
): Transition {
  const { account } = view;
  const leg = legOf(view);
  const next = legAt(leg, state, spent);
  const change = difference(spent, leg.spent);
  // What a leg on a lease sets aside is inside the lease, and what it books comes out of it.
  const isOwn = leg.lease === account.lease;
  const lease = isOwn ? undefined : leaseOf(view, leg);
  const nextLease = lease && settledBy(lease, change);
  const reserved = isOwn
    ? add(subtract(account.reserved, held(leg)), held(next))
    : account.reserved;
  const leased =
    lease && nextLease ? account.leased + outstandingChange(lease, nextLease) : account.leased;
  const settled = account.settled + change;
  if (settled + reserved + leased > AMOUNT_MAX) return rejected(view, 'amount_out_of_range');
  const booked = withSums(account, settled as Amount, reserved, leased as Amount);
  return applied(
    booked,
    next,
    [
      {
        account: account.id,
        sequence: booked.sequence,
        kind: note.kind,
        reservation: leg.reservation,
        key: note.key,
        lease: leg.lease,
        amount: change,
        atMs: nowMs,
        detail: note.detail,
      },
    ],
    note.kind === 'settle' ? answerToSettlement(leg, change) : APPLIED,
    nextLease === undefined ? NO_LEASES : [nextLease],
  );
}

/** What a settlement that books `change` more on `leg` is told. */
function answerToSettlement(leg: Leg, change: number): Applied {
  const overage = Math.max(0, change - held(leg)) as Amount;
  const late = leg.state !== 'reserved';
  return overage === 0 && !late ? APPLIED : { ...APPLIED, overage, late };
}

/** The lease that a leg spends under. One that the authority has lost, with its last commits, is adopted. */
function leaseOf(view: AccountView, leg: Leg): Lease {
  return (
    view.lease ?? newLease({ id: leg.lease, account: view.account.id, holder: UNKNOWN_HOLDER })
  );
}

/** The account with another state of one of its leases. */
function withLease(view: AccountView, before: Lease, next: Lease, leg?: Leg): Transition {
  const { account } = view;
  const leased = account.leased + outstandingChange(before, next);
  return applied(
    withSums(account, account.settled, account.reserved, leased as Amount),
    leg,
    NO_ENTRIES,
    APPLIED,
    [next],
  );
}

interface EntryNote {
  readonly kind: LedgerEntryKind;
  readonly key: string;
  readonly detail: Json;
}

function entryOf(kind: LedgerEntryKind, key: string, detail: Json): EntryNote {
  return { kind, key, detail };
}

function ingestEntry(command: CommandOf<'ingest'>): EntryNote {
  switch (command.state) {
    case 'reserved':
      return entryOf('settle', String(command.spent), command.detail);
    case 'settled':
      return entryOf('settle', 'final', command.detail);
    case 'expired':
      return entryOf('expire', `ingest:${command.spent}`, command.detail);
    case 'released':
      return entryOf('release', `ingest:${command.spent}`, command.detail);
    default:
      return unreachable(command.state);
  }
}

function reject(code: RejectionCode): (view: AccountView) => Transition {
  return (view) => rejected(view, code);
}

function legOf(view: AccountView): Leg {
  return view.leg ?? unreachable(view.leg as never);
}

function sameLeg(a: Leg, b: Leg): boolean {
  return (
    a.amount === b.amount && a.deadlineAtMs === b.deadlineAtMs && a.dispatched === b.dispatched
  );
}
