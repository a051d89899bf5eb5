/**
 * Deciding a whole command: `transition` on each leg, all or nothing.
 *
 * Adds to the account machine what concerns several accounts at once: the reservation's identity
 * (fingerprint), all-or-nothing admission with every shortfall named, and the opening of accounts on first
 * touch. Pure like the machine: reads books, returns what changed, posts nothing itself.
 */
import type { AdminCommand, LeaseCommand, LegCommand } from '../account/command.ts';
import type { Leg } from '../account/leg.ts';
import { transition } from '../account/transition.ts';
import { assert } from '../assert.ts';
import { budgetOf } from '../budget/budget.ts';
import { DIRECT, type Fingerprint } from '../ids.ts';
import { after, type InstantMs } from '../time.ts';
import type { BooksReader } from './books.ts';
import type {
  Administer,
  Command,
  Extend,
  Expire,
  Lend,
  Release,
  Reserve,
  Settle,
} from './command.ts';
import type { OutcomeOf } from './outcome.ts';
import {
  accountFor,
  conclude,
  type Decision,
  done,
  knownAccount,
  NOTHING,
  type Policy,
  rejected,
} from './decision.ts';
import { correctionOf, ingest, settlementLike } from './ingest.ts';
import { LEGS_MAX, type Reservation } from './reservation.ts';

/** The fingerprint of a reservation whose own was lost. */
const ADOPTED = 'adopted' as Fingerprint;

/** Decides `command` at `nowMs` on `books`. Nothing is posted: the caller posts `changes`, whole. */
export function decide<C extends Command>(
  books: BooksReader,
  command: C,
  policy: Policy,
  nowMs: InstantMs,
): Decision<OutcomeOf<C>> {
  return decideAny(books, command, policy, nowMs) as Decision<OutcomeOf<C>>;
}

function decideAny(
  books: BooksReader,
  command: Command,
  policy: Policy,
  nowMs: InstantMs,
): Decision {
  switch (command.kind) {
    case 'reserve':
      return reserve(books, command, policy, nowMs);
    case 'extend':
    case 'settle':
    case 'release':
    case 'expire':
      return change(books, command, policy, nowMs);
    case 'ingest':
      return ingest(books, command, policy, nowMs);
    case 'setLimit':
    case 'grant':
    case 'adjust':
      return administer(books, command, policy, nowMs);
    case 'openLease':
    case 'draw':
    case 'returnLease':
    case 'suspectLease':
    case 'closeLease':
      return lend(books, command, policy, nowMs);
  }
}

function reserve(books: BooksReader, command: Reserve, policy: Policy, nowMs: InstantMs): Decision {
  assert(
    command.legs.length > 0 && command.legs.length <= LEGS_MAX,
    'a reservation has 1 to 16 legs',
  );
  const existing = books.reservation(command.reservation);
  if (existing !== undefined && existing.fingerprint !== command.fingerprint) {
    return rejected('idempotency_key_reused');
  }
  const legCommand: LegCommand = {
    kind: 'reserve',
    reservation: command.reservation,
    amount: command.amount,
    deadlineAtMs: after(nowMs, command.ttlMs),
  };
  // A repeat is answered from the accounts it was made on, even if the period has changed since.
  const accounts =
    existing?.accounts.map((id) => knownAccount(books, id)) ??
    command.legs.map(({ account, period }) => accountFor(books, account, period, policy));
  const steps = accounts.map((account) =>
    transition({ account, leg: books.leg(account.id, command.reservation) }, legCommand, nowMs),
  );
  const reservation = existing ?? {
    id: command.reservation,
    fingerprint: command.fingerprint,
    accounts: accounts.map((account) => account.id).toSorted(),
    terms: command.terms,
    createdAtMs: nowMs,
  };
  return conclude(
    reservation,
    accounts,
    steps,
    nowMs,
    existing === undefined ? { reservation } : {},
  );
}

function change(
  books: BooksReader,
  command: Extend | Settle | Release | Expire,
  policy: Policy,
  nowMs: InstantMs,
): Decision {
  const reservation = books.reservation(command.reservation);
  if (reservation === undefined) {
    return command.kind === 'settle' && command.adopt !== undefined
      ? adopt(books, command, command.adopt, policy, nowMs)
      : rejected('reservation_not_found');
  }
  const legCommand: LegCommand =
    command.kind === 'extend'
      ? {
          kind: 'extend',
          reservation: command.reservation,
          amount: command.amount,
          deadlineAtMs: after(nowMs, command.ttlMs),
          dispatched: command.dispatched,
        }
      : command;
  const accounts = reservation.accounts.map((id) => knownAccount(books, id));
  const settled = accounts
    .map(({ id }) => books.leg(id, reservation.id))
    .find((leg) => leg?.state === 'settled');
  // A leg that was orphaned when the truth came home needs no estimate at its deadline: it is known.
  const truth = (leg: Leg | undefined): LegCommand | undefined =>
    command.kind === 'expire' && settled !== undefined && isOpenAndDue(leg, nowMs)
      ? settlementLike(settled, leg)
      : undefined;
  const steps = accounts.map((account) => {
    const leg = books.leg(account.id, reservation.id);
    const lease = leg && books.lease(account.id, leg.lease);
    return transition({ account, leg, lease }, truth(leg) ?? legCommand, nowMs);
  });
  const decision = conclude(reservation, accounts, steps, nowMs);
  // The copies of leases have not seen this command, for it came past them.
  const corrections = decision.changes.legs.flatMap((leg) =>
    leg.lease === DIRECT ? [] : correctionOf(books, leg, leg.lease),
  );
  return { ...decision, changes: { ...decision.changes, corrections } };
}

/** A settlement of a reservation that was lost with the store that had it: booked as it is, and late. */
function adopt(
  books: BooksReader,
  command: Settle,
  { legs, terms }: NonNullable<Settle['adopt']>,
  policy: Policy,
  nowMs: InstantMs,
): Decision {
  const { reservation: id, cost, final, detail } = command;
  const accounts = legs.map(({ account, period }) => accountFor(books, account, period, policy));
  const reservation: Reservation = {
    id,
    fingerprint: ADOPTED,
    accounts: accounts.map((account) => account.id).toSorted(),
    terms,
    createdAtMs: nowMs,
  };
  const steps = accounts.map((account) =>
    transition(
      { account },
      {
        kind: 'ingest',
        reservation: id,
        state: final ? 'settled' : 'reserved',
        lease: account.lease,
        spent: cost,
        detail,
      },
      nowMs,
    ),
  );
  const decision = conclude(reservation, accounts, steps, nowMs, { reservation });
  const { outcome } = decision;
  if (outcome.outcome !== 'applied') return decision;
  // Nothing booked yet changes no sum, but the accounts must exist.
  const changes = { ...decision.changes, accounts: steps.map(({ account }) => account) };
  return { outcome: { ...outcome, late: true, overage: cost }, changes };
}
function isOpenAndDue(leg: Leg | undefined, nowMs: InstantMs): leg is Leg {
  return leg?.state === 'reserved' && leg.deadlineAtMs <= nowMs;
}
function lend(books: BooksReader, command: Lend, policy: Policy, nowMs: InstantMs): Decision {
  const { leg, ...leaseCommand } = command;
  const account = accountFor(books, leg.account, leg.period, policy);
  const isOpened = books.account(account.id) === undefined;
  const step = transition(
    {
      account,
      lease: books.lease(account.id, command.lease),
      leases: books.leases(account.id),
    },
    leaseCommand as LeaseCommand,
    nowMs,
  );
  if (step.outcome.outcome === 'rejected') return rejected(step.outcome.code);
  return {
    outcome: done([step], undefined),
    changes: {
      ...NOTHING,
      accounts: step.account === account && !isOpened ? [] : [step.account],
      leases: step.leases,
    },
  };
}

function administer(
  books: BooksReader,
  command: Administer,
  policy: Policy,
  nowMs: InstantMs,
): Decision {
  const { leg, ...adminCommand } = command;
  const account = accountFor(books, leg.account, leg.period, policy);
  const entry =
    command.kind === 'setLimit'
      ? undefined
      : books.adminEntry(account.id, command.kind, command.key);
  const step = transition({ account, entry }, adminCommand as AdminCommand, nowMs);
  if (step.outcome.outcome === 'rejected') return rejected(step.outcome.code);
  const isOpened = books.account(account.id) === undefined;
  return {
    outcome: done([step], undefined),
    changes: {
      ...NOTHING,
      accounts: step.account === account && !isOpened ? [] : [step.account],
      entries: step.entries,
      ...(command.kind === 'setLimit'
        ? { limit: { budget: budgetOf(account.id), limit: command.limit } }
        : {}),
    },
  };
}
