/**
 * Deciding a whole command: `transition` on each leg, all or nothing.
 *
 * Adds to the account machine what concerns several accounts at once: the reservation's identity
 * (fingerprint), all-or-nothing admission with every shortfall named, and the opening of accounts on first
 * touch. Pure like the machine: reads books, returns what changed, posts nothing itself.
 */
import { type Account, openAccount } from '../account/account.ts';
import type { AdminCommand, LeaseCommand, LegCommand } from '../account/command.ts';
import type { Leg } from '../account/leg.ts';
import type { Applied, RejectionCode } from '../account/outcome.ts';
import { type Transition, transition } from '../account/transition.ts';
import { type Amount, larger, ZERO } from '../amount.ts';
import { assert } from '../assert.ts';
import { budgetOf } from '../budget/budget.ts';
import type { Period } from '../budget/period.ts';
import { type AccountId, DIRECT, type Fingerprint, type LeaseId } from '../ids.ts';
import { type Lease, newLease, UNKNOWN_HOLDER } from '../lease/lease.ts';
import { after, type InstantMs } from '../time.ts';
import type { BooksReader, Changes, Correction } from './books.ts';
import type {
  Administer,
  Command,
  Extend,
  Expire,
  Ingest,
  Lend,
  Release,
  Reserve,
  Settle,
} from './command.ts';
import type { Outcome, OutcomeOf } from './outcome.ts';
import { LEGS_MAX, type Reservation } from './reservation.ts';

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

/** The fingerprint of a reservation whose own was lost. */
const ADOPTED = 'adopted' as Fingerprint;

const NOTHING: Changes = { accounts: [], legs: [], entries: [], leases: [], corrections: [] };

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
  const steps = accounts.map((account) => {
    const leg = books.leg(account.id, reservation.id);
    const lease = leg && books.lease(account.id, leg.lease);
    return transition({ account, leg, lease }, legCommand, nowMs);
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

function ingest(books: BooksReader, command: Ingest, policy: Policy, nowMs: InstantMs): Decision {
  const account = accountFor(books, command.leg.account, command.leg.period, policy);
  const known = books.reservation(command.reservation);
  // Reports come leg by leg, so the reservation may learn of its accounts one after the other.
  const reservation: Reservation = {
    id: command.reservation,
    fingerprint: known?.fingerprint ?? command.fingerprint,
    accounts: [...new Set([...(known?.accounts ?? []), account.id])].toSorted(),
    terms: known?.terms ?? command.terms,
    createdAtMs: known?.createdAtMs ?? command.atMs ?? nowMs,
  };
  const leg = books.leg(account.id, command.reservation);
  const lease = books.lease(account.id, leg?.lease ?? command.lease);
  const step = transition(
    { account, leg, lease },
    {
      kind: 'ingest',
      reservation: command.reservation,
      state: command.state,
      lease: command.lease,
      spent: command.spent,
      open: command.open,
      atMs: command.atMs,
      detail: command.detail,
    },
    nowMs,
  );
  const isNews = known === undefined || known.accounts.length !== reservation.accounts.length;
  const decision = conclude(reservation, [account], [step], nowMs, isNews ? { reservation } : {});
  if (decision.outcome.outcome !== 'applied') return decision;
  const { changes } = decision;
  // An open leg on a lease changes no sum, but its account must exist.
  const isOpened = books.account(account.id) === undefined && changes.accounts.length === 0;
  return {
    ...decision,
    changes: {
      ...changes,
      accounts: isOpened ? [account] : changes.accounts,
      leases: [...changes.leases, ...adopted(books, command, changes.leases)],
      corrections: step.leg === undefined ? [] : correctionAfter(books, command, step.leg),
    },
  };
}

/** The lease that a report names, if nobody knows it or its holder yet: the authority lost its last commits. */
function adopted(books: BooksReader, command: Ingest, changed: readonly Lease[]): readonly Lease[] {
  const { lease: id, leg } = command;
  if (id === DIRECT || changed.some((lease) => lease.id === id)) return [];
  const known = books.lease(leg.account, id);
  if (known !== undefined && known.holder !== UNKNOWN_HOLDER) return [];
  return [known ?? newLease({ id, account: leg.account, holder: UNKNOWN_HOLDER })];
}

/** What the reporting copy has to be told: nothing if it shows what now stands. */
function correctionAfter(books: BooksReader, command: Ingest, leg: Leg): readonly Correction[] {
  if (command.lease === DIRECT) return [];
  const isShown = command.isShown === true;
  if (leg.lease !== command.lease) {
    // The call is booked under another right; what its second hold here came to is not money spent.
    if (isShown && command.spent === 0) return [];
    return correctionOf(books, { ...leg, state: 'released', spent: ZERO }, command.lease);
  }
  if (isShown && leg.state === command.state && leg.spent === command.spent) return [];
  return correctionOf(books, leg, command.lease);
}

/** A correction for the copy that `lease` funds, while there can be one. An open leg needs none. */
function correctionOf(books: BooksReader, leg: Leg, lease: LeaseId): readonly Correction[] {
  const { account, reservation, state, spent } = leg;
  const isGone = (books.lease(account, lease)?.state ?? 'live') !== 'live';
  return state === 'reserved' || isGone ? [] : [{ account, reservation, lease, state, spent }];
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

/** All legs or none: one answer from the answers of the legs. */
function conclude(
  reservation: Reservation,
  before: readonly Account[],
  steps: readonly Transition[],
  nowMs: InstantMs,
  made: Pick<Changes, 'reservation'> = {},
): Decision {
  for (const { outcome } of steps) {
    if (outcome.outcome === 'rejected') return rejected(outcome.code);
  }
  if (steps.some(({ outcome }) => outcome.outcome === 'period_mismatch')) {
    return { outcome: { outcome: 'period_mismatch', nowMs }, changes: NOTHING };
  }
  const shortfalls = steps.flatMap(({ account, outcome }) =>
    outcome.outcome === 'denied' ? [{ account: account.id, missing: outcome.missing }] : [],
  );
  if (shortfalls.length > 0) {
    return { outcome: { outcome: 'denied', shortfalls, accounts: before }, changes: NOTHING };
  }
  return {
    outcome: done(steps, reservation),
    changes: {
      accounts: steps.flatMap(({ account }, index) => (account === before[index] ? [] : [account])),
      legs: steps.flatMap(({ leg, outcome }) =>
        leg === undefined || (outcome as Applied).replayed ? [] : [leg],
      ),
      entries: steps.flatMap(({ entries }) => entries),
      leases: steps.flatMap(({ leases }) => leases),
      corrections: [],
      ...made,
    },
  };
}

function done(steps: readonly Transition[], reservation: Reservation | undefined): Outcome {
  const answers = steps.map(({ outcome }) => outcome as Applied);
  const legs = steps.flatMap(({ leg }) => (leg === undefined ? [] : [leg]));
  const [first] = legs;
  const lease = answers[0]?.lease;
  return {
    outcome: 'applied',
    replayed: answers.every(({ replayed }) => replayed),
    ...(reservation === undefined ? {} : { reservation }),
    ...(first === undefined ? {} : { state: first.state }),
    amount: largest(legs, (leg) => leg.amount),
    spent: largest(legs, (leg) => leg.spent),
    deadlineAtMs: first?.deadlineAtMs ?? null,
    overage: answers.reduce((most, { overage }) => larger(most, overage), ZERO),
    late: answers.some(({ late }) => late),
    conflict: answers.some(({ conflict }) => conflict),
    ...(lease === undefined ? {} : { lease }),
    accounts: steps.map(({ account }) => account),
  };
}

function largest(legs: readonly Leg[], of: (leg: Leg) => Amount): Amount {
  return legs.reduce((most, leg) => larger(most, of(leg)), ZERO);
}

function accountFor(books: BooksReader, id: AccountId, period: Period, policy: Policy): Account {
  const existing = books.account(id);
  if (existing !== undefined) return existing;
  const limit = books.limit(budgetOf(id));
  return openAccount(id, period, limit === undefined ? policy.defaultLimit : limit);
}

function knownAccount(books: BooksReader, id: AccountId): Account {
  const account = books.account(id);
  assert(account !== undefined, 'the account of a known reservation exists');
  return account;
}

function rejected(code: RejectionCode): Decision {
  return { outcome: { outcome: 'rejected', code }, changes: NOTHING };
}
