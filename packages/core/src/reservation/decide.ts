/**
 * Deciding a whole command: `transition` on each leg, all or nothing.
 *
 * Adds to the account machine what concerns several accounts at once: the reservation's identity
 * (fingerprint), all-or-nothing admission with every shortfall named, and the opening of accounts on first
 * touch. Pure like the machine: reads books, returns what changed, posts nothing itself.
 */
import type { Account } from '../account/account.ts';
import type { AdminCommand, LeaseCommand, LegCommand } from '../account/command.ts';
import type { Leg } from '../account/leg.ts';
import type { Transition } from '../account/step.ts';
import { transition } from '../account/transition.ts';
import { assert } from '../assert.ts';
import { budgetOf } from '../budget/budget.ts';
import { DIRECT, type Fingerprint } from '../ids.ts';
import { after, type InstantMs } from '../time.ts';
import type { BooksReader, Changes } from './books.ts';
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
  accountOnTerms,
  administered,
  conclude,
  type Decision,
  knownAccount,
  limitsOf,
  NOTHING,
  type Policy,
  rejected,
} from './decision.ts';
import { correctionOf, ingest, settlementLike } from './ingest.ts';
import { takenRates, withRates, withRatesEnded, withSlotsExtended } from './rates.ts';
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
    case 'clearLimit':
    case 'setTerms':
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
  const onTerms =
    existing === undefined
      ? command.legs.map((leg) => accountOnTerms(books, leg, policy, nowMs))
      : [];
  for (const { outcome } of onTerms) {
    if (outcome.outcome === 'rejected') return rejected(outcome.code);
  }
  const accounts =
    existing?.accounts.map((id) => knownAccount(books, id)) ??
    onTerms.map(({ account }) => account);
  const steps = accounts.map((account) =>
    transition({ account, leg: books.leg(account.id, command.reservation) }, legCommand, nowMs),
  );
  const reservation = existing ?? {
    id: command.reservation,
    fingerprint: command.fingerprint,
    accounts: accounts.map((account) => account.id).toSorted(),
    terms: command.terms,
    createdAtMs: nowMs,
    ...takenRates(command),
  };
  const isRepeat = existing !== undefined;
  const decision = conclude(
    reservation,
    accounts,
    steps,
    nowMs,
    isRepeat ? undefined : reservation,
  );
  const { deadlineAtMs } = legCommand;
  const rated = withRates(books, command, decision, accounts, deadlineAtMs, isRepeat, nowMs);
  return afterTerms(books, onTerms, rated);
}

/**
 * `decision`, with what its legs' terms changed before it. They are true whether or not the call is made, so a
 * refusal keeps them; the call itself changes nothing then.
 */
function afterTerms(
  books: BooksReader,
  onTerms: readonly Transition[],
  { outcome, changes }: Decision,
): Decision {
  if (outcome.outcome !== 'applied' && outcome.outcome !== 'denied') return { outcome, changes };
  const entries = onTerms.flatMap((step) => step.entries);
  if (outcome.outcome === 'applied') {
    if (entries.length === 0) return { outcome, changes };
    return { outcome, changes: { ...changes, entries: [...entries, ...changes.entries] } };
  }
  const accounts = onTerms.flatMap(({ account }) =>
    account.terms === books.account(account.id)?.terms ? [] : [account],
  );
  return { outcome, changes: { ...changes, accounts, entries } };
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
  // A leg that was orphaned when the truth came home needs no estimate at its deadline: it is known.
  const settled =
    command.kind === 'expire'
      ? accounts
          .map(({ id }) => books.leg(id, reservation.id))
          .find((leg) => leg?.state === 'settled')
      : undefined;
  const truth = (leg: Leg | undefined): LegCommand | undefined =>
    settled !== undefined && isOpenAndDue(leg, nowMs) ? settlementLike(settled, leg) : undefined;
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
  const corrected =
    corrections.length === 0
      ? decision
      : { ...decision, changes: { ...decision.changes, corrections } };
  if (command.kind === 'extend') return withSlotsExtended(books, reservation, corrected, nowMs);
  const isEnd = command.kind === 'release' || (command.kind === 'settle' && command.final);
  const charges = command.kind === 'settle' ? command.charges : undefined;
  return isEnd ? withRatesEnded(books, reservation, charges, corrected, nowMs) : corrected;
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
  const accounts = legs.map((leg) => accountFor(books, leg, policy));
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
  const decision = conclude(reservation, accounts, steps, nowMs, reservation);
  const { outcome } = decision;
  if (outcome.outcome !== 'applied') return decision;
  // Nothing booked yet changes no sum, but the accounts must exist.
  const changes = { ...decision.changes, accounts: steps.map(({ account }) => account) };
  const adopted = { outcome: { ...outcome, late: true, overage: cost }, changes };
  return final ? withRatesEnded(books, reservation, command.charges, adopted, nowMs) : adopted;
}
function isOpenAndDue(leg: Leg | undefined, nowMs: InstantMs): leg is Leg {
  return leg?.state === 'reserved' && leg.deadlineAtMs <= nowMs;
}
function lend(books: BooksReader, command: Lend, policy: Policy, nowMs: InstantMs): Decision {
  const { leg, ...leaseCommand } = command;
  const onTerms = accountOnTerms(books, leg, policy, nowMs);
  if (onTerms.outcome.outcome === 'rejected') return rejected(onTerms.outcome.code);
  const { account } = onTerms;
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
    outcome: administered(step),
    changes: {
      ...NOTHING,
      accounts: step.account === books.account(account.id) ? [] : [step.account],
      entries: onTerms.entries,
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
  const opening = command.kind === 'setTerms' ? { ...leg, terms: command.terms } : leg;
  const account = accountFor(books, opening, policy);
  const entry =
    'key' in command ? books.adminEntry(account.id, command.kind, command.key) : undefined;
  const limits = limitsOf(books, account.id, policy);
  const step = transition({ account, entry, limits }, adminCommand as AdminCommand, nowMs);
  if (step.outcome.outcome === 'rejected') return rejected(step.outcome.code);
  const isOpened = books.account(account.id) === undefined;
  return {
    outcome: administered(step),
    changes: {
      ...NOTHING,
      accounts: step.account === account && !isOpened ? [] : [step.account],
      entries: step.entries,
      ...limitChange(command, account),
    },
  };
}

/** What the command says about all later periods of the budget. */
function limitChange(command: Administer, { id }: Account): Pick<Changes, 'limit'> {
  if (command.kind !== 'setLimit' && command.kind !== 'clearLimit') return {};
  const limit = command.kind === 'setLimit' ? command.limit : undefined;
  return { limit: { budget: budgetOf(id), limit } };
}
