/**
 * Taking in what other tiers report about the legs of a reservation, leg by leg, in any order.
 *
 * The books are a join by rank (`transition`); what is added here is what follows for everybody else: the
 * reservation learns of its accounts, legs that nobody will report on are settled with it, and copies that
 * show something else are told.
 */
import type { CommandOf } from '../account/command.ts';
import type { Leg } from '../account/leg.ts';
import { transition } from '../account/transition.ts';
import { type Amount, ZERO } from '../amount.ts';
import { type AccountId, DIRECT, type LeaseId } from '../ids.ts';
import { type Lease, newLease, UNKNOWN_HOLDER } from '../lease/lease.ts';
import type { InstantMs } from '../time.ts';
import type { BooksReader, Changes, Correction } from './books.ts';
import type { Ingest } from './command.ts';
import {
  accountFor,
  conclude,
  type Decision,
  knownAccount,
  NOTHING,
  type Policy,
} from './decision.ts';
import type { Reservation } from './reservation.ts';

/** Decides a report. */
export function ingest(
  books: BooksReader,
  command: Ingest,
  policy: Policy,
  nowMs: InstantMs,
): Decision {
  const account = accountFor(books, command.leg, policy);
  const known = books.reservation(command.reservation);
  // Reports come leg by leg, so the reservation may learn of its accounts one after the other.
  const reservation: Reservation = {
    id: command.reservation,
    fingerprint: known?.fingerprint ?? command.fingerprint,
    accounts: withAccount(known?.accounts, account.id),
    terms: known?.terms ?? command.terms,
    createdAtMs: known?.createdAtMs ?? command.madeAtMs ?? command.atMs ?? nowMs,
  };
  const leg = books.leg(account.id, command.reservation);
  const lease = books.lease(account.id, leg?.lease ?? command.lease);
  const truth = truthInstead(books, command, reservation, leg);
  const step = transition(
    { account, leg, lease },
    {
      kind: 'ingest',
      reservation: command.reservation,
      state: truth === undefined ? command.state : 'settled',
      lease: command.lease,
      spent: truth ?? command.spent,
      open: command.open,
      atMs: command.atMs,
      detail: command.detail,
    },
    nowMs,
  );
  const isNews = known === undefined || known.accounts.length !== reservation.accounts.length;
  const decision = conclude(
    reservation,
    [account],
    [step],
    nowMs,
    isNews ? reservation : undefined,
  );
  if (decision.outcome.outcome !== 'applied') return decision;
  const { changes } = decision;
  // An open leg on a lease changes no sum, but its account must exist.
  const isOpened = books.account(account.id) === undefined && changes.accounts.length === 0;
  const also = adopted(books, command, changes.leases);
  const own: Changes = {
    accounts: isOpened ? [account] : changes.accounts,
    legs: changes.legs,
    entries: changes.entries,
    leases: also.length === 0 ? changes.leases : [...changes.leases, ...also],
    corrections:
      step.leg === undefined
        ? []
        : correctionAfter(books, command, step.leg, leg).map((correction) =>
            truth === undefined ? correction : { ...correction, shown: command.spent },
          ),
    reservation: changes.reservation,
  };
  const others = orphansOf(books, command, reservation, account.id);
  if (others.length === 0) return { outcome: decision.outcome, changes: own };
  const settled = others.map((orphan) => settleOrphan(books, command, orphan, nowMs));
  return { outcome: decision.outcome, changes: together(own, settled) };
}

/** `own`, and what changes of other legs with it. */
function together(own: Changes, others: readonly Changes[]): Changes {
  return {
    ...own,
    accounts: [...own.accounts, ...others.flatMap(({ accounts }) => accounts)],
    legs: [...own.legs, ...others.flatMap(({ legs }) => legs)],
    entries: [...own.entries, ...others.flatMap(({ entries }) => entries)],
    leases: [...own.leases, ...others.flatMap(({ leases }) => leases)],
    corrections: [...own.corrections, ...others.flatMap(({ corrections }) => corrections)],
  };
}

/** `accounts` and `account`, sorted and distinct. */
function withAccount(
  accounts: readonly AccountId[] | undefined,
  account: AccountId,
): readonly AccountId[] {
  if (accounts === undefined) return [account];
  return accounts.includes(account) ? accounts : [...accounts, account].toSorted();
}

/**
 * The legs of a reservation, beside the one that a copy reports, that no copy will report the truth about: their
 * lease is no longer live, or they are held here besides, for a call whose first answer was lost, or another holder
 * has reported that their deadline has passed. A call costs the same on each of its budgets and ends as a whole.
 */
function orphansOf(
  books: BooksReader,
  { state, lease: reportedBy }: Ingest,
  reservation: Reservation,
  reported: AccountId,
): readonly Leg[] {
  if (state !== 'settled' || reportedBy === DIRECT || reservation.accounts.length === 1) return [];
  const holder = books.lease(reported, reportedBy)?.holder;
  return reservation.accounts.flatMap((id) => {
    const leg = id === reported ? undefined : books.leg(id, reservation.id);
    if (leg === undefined || leg.state === 'settled') return [];
    const lease = books.lease(id, leg.lease);
    const isTheirs =
      lease?.state === 'live' && (leg.state !== 'expired' || lease.holder === holder);
    return isTheirs ? [] : [leg];
  });
}

/** What changes when an orphaned leg is settled like the reported one; nothing if its account cannot hold that. */
function settleOrphan(books: BooksReader, command: Ingest, leg: Leg, nowMs: InstantMs): Changes {
  const account = knownAccount(books, leg.account);
  const { spent, atMs, detail } = command;
  const step = transition(
    { account, leg, lease: books.lease(account.id, leg.lease) },
    { ...settlementLike({ spent }, leg), atMs, detail },
    nowMs,
  );
  if (step.outcome.outcome !== 'applied' || step.leg === undefined) return NOTHING;
  const { entries, leases } = step;
  const corrections = leg.lease === DIRECT ? [] : correctionOf(books, step.leg, leg.lease);
  return { ...NOTHING, accounts: [step.account], legs: [step.leg], entries, leases, corrections };
}

/** The lease that a report names, if nobody knows it or its holder yet: the authority lost its last commits. */
function adopted(books: BooksReader, command: Ingest, changed: readonly Lease[]): readonly Lease[] {
  const { lease: id, leg } = command;
  if (id === DIRECT || changed.some((lease) => lease.id === id)) return [];
  const known = books.lease(leg.account, id);
  if (known !== undefined && known.holder !== UNKNOWN_HOLDER) return [];
  return [known ?? newLease({ id, account: leg.account, holder: UNKNOWN_HOLDER })];
}

/**
 * What a leg really cost whose deadline is reported to have passed, when another leg of its call has been settled already: the
 * settlement went to a copy that did not know of this one. The report is an estimate, and this is not.
 */
function truthInstead(
  books: BooksReader,
  { state, leg: { account } }: Ingest,
  { id, accounts }: Reservation,
  leg: Leg | undefined,
): Amount | undefined {
  const isEstimate = state === 'expired' && (leg === undefined || leg.state === 'reserved');
  if (!isEstimate || accounts.length === 1) return undefined;
  const legs = accounts.map((other) => (other === account ? undefined : books.leg(other, id)));
  return legs.find((other) => other?.state === 'settled')?.spent;
}

/**
 * What the reporting copy has to be told: nothing if it shows what now stands. Of a call that was given back `before` it
 * is told all the same: to a copy the word of that is like that of a second hold elsewhere, which it obeys whatever it
 * shows, and it may have come after the event.
 */
function correctionAfter(
  books: BooksReader,
  command: Ingest,
  leg: Leg,
  before: Leg | undefined,
): readonly Correction[] {
  if (command.lease === DIRECT) return [];
  const isShown = command.isShown === true;
  if (leg.lease !== command.lease) {
    // The call is booked under another right; what its second hold here came to is not money spent.
    if (isShown && command.spent === 0) return [];
    return correctionOf(books, { ...leg, state: 'released', spent: ZERO }, command.lease);
  }
  const wasGivenBack = before?.state === 'released' && before.spent === 0;
  if (isShown && isSameEnd(leg, command) && (!wasGivenBack || isSameEnd(leg, before))) return [];
  return correctionOf(books, leg, command.lease);
}

function isSameEnd(a: Pick<Leg, 'state' | 'spent'>, b: Pick<Leg, 'state' | 'spent'>): boolean {
  return a.state === b.state && a.spent === b.spent;
}
/** The report that `leg` cost what another leg of its reservation did. */
export function settlementLike({ spent }: Pick<Leg, 'spent'>, leg: Leg): CommandOf<'ingest'> {
  const { reservation, lease } = leg;
  return { kind: 'ingest', reservation, state: 'settled', lease, spent, detail: null };
}
/** A correction for the copy that `lease` funds, while there can be one. An open leg needs none. */
export function correctionOf(books: BooksReader, leg: Leg, lease: LeaseId): readonly Correction[] {
  const { account, reservation, state, spent } = leg;
  const isGone = (books.lease(account, lease)?.state ?? 'live') !== 'live';
  if (state === 'reserved' || isGone) return [];
  // Before this change the books and the copy agreed, or another correction waits and says what the copy shows.
  const before = books.leg(account, reservation);
  const shown = before?.lease === lease ? before.spent : ZERO;
  return [{ account, reservation, lease, state, spent, shown }];
}
