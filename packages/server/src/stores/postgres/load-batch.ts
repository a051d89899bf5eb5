/**
 * Loading what a batch of commands needs, under locks that cannot deadlock.
 *
 * The order is the same in every transaction of every process: budgets by id (only when an account is
 * opened or a limit set), then accounts by id, then everything under them, which the accounts' locks cover.
 * What is known before the locks, from memory or by looking it up, is only used to find out what to lock,
 * and read again afterwards.
 */
import {
  type Account,
  type AccountId,
  type AccountTerms,
  Books,
  type BudgetId,
  budgetOf,
  type Command,
  type InstantMs,
  isNewerTerms,
  LAZY_EXPIRY_MAX,
  type Leg,
  type Lease,
  type LegAccount,
  legOfAccount,
  legsCharged,
  type LimiterId,
  limitersOf,
  type Period,
  type Reservation,
  type ReservationId,
  takenRates,
} from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import { texts } from './array-params.ts';
import { type CarriedLeg, loadCarries } from './carries.ts';
import type { KnownRows } from './known-rows.ts';
import { lockLimiters } from './limiters.ts';
import { leasesWantedBy, loadLeases } from './load-leases.ts';
import {
  accountFromRow,
  entryFromRow,
  instantOf,
  legFromRow,
  limitOf,
  reservationFromRow,
} from './rows.ts';
import type { AccountRow, Database, LedgerEntryRow, LegRow, ReservationRow } from './schema.ts';

/** A transaction's working set. */
export interface LoadedBatch {
  readonly books: Books;
  /** The present: the database's clock, or the test's. */
  readonly nowMs: InstantMs;
  /** Open reservations past their deadline on the accounts of the batch's reserves; the batch adds its own. */
  readonly due: Set<ReservationId>;
  /** What the database had of it when it was loaded; the rest is new. */
  readonly stored: StoredRows;
  /** Accounts that are opened or put on newer terms, and what they have to carry; to be posted first. */
  readonly carried: readonly CarriedLeg[];
}

/** Rows that the database has, as they were loaded and locked. */
export interface StoredRows {
  readonly accounts: ReadonlyMap<AccountId, Account>;
  /** By account and id, with a blank between. */
  readonly leases: ReadonlyMap<string, Lease>;
  readonly reservations: ReadonlySet<ReservationId>;
}

/** How to load a batch. */
export interface LoadOptions {
  /** Replaces the database's clock. */
  readonly testNowMs: InstantMs | undefined;
  /** What to lock is taken from here where possible; without it everything is looked up. */
  readonly known: KnownRows | undefined;
  /** Accounts that exist, of which it is looked besides what they have to carry. */
  readonly carrying: readonly AccountId[];
}

/** What was remembered is not all there is to lock. Loading without memory will do. */
export class LookAgain extends Error {
  override readonly name = 'LookAgain';
}

/** Reads and locks what `commands` need. Throws `LookAgain` when `known` was not enough. */
export async function loadBatch(
  transaction: Transaction<Database>,
  commands: readonly Command[],
  { testNowMs, known, carrying }: LoadOptions,
): Promise<LoadedBatch> {
  const wanted = wantedBy(commands);
  const at = testNowMs === undefined ? null : new Date(testNowMs).toISOString();
  const remembered = known === undefined ? undefined : remember(wanted, known);
  const accounts = remembered ?? (await findAccounts(transaction, wanted, at));
  const books = new Books();
  await openAccounts(transaction, wanted, known, books);
  const ids = new Set([...wanted.opening.keys(), ...accounts, ...carrying]);
  const locked = (await lockAccounts(transaction, [...ids].toSorted())).map(accountFromRow);
  books.post({ accounts: locked });
  // On newer terms an account gets another limit, unless its budget has one of its own: that has to be known.
  const isUnknown = (account: Account) =>
    isBehind(account, wanted.terms) && !wanted.limiting.has(budgetOf(account.id));
  if (known !== undefined && locked.some(isUnknown)) {
    throw new LookAgain();
  }
  // After a failover to an older standby even a row that never changes may be gone.
  if ([...wanted.opening.keys()].some((id) => known?.hasAccount(id) && !books.account(id))) {
    throw new LookAgain();
  }
  const { nowMs, due, legs, reservations, strangers } = await readReservations(
    transaction,
    wanted,
    at,
    books,
  );
  // Made or widened by another process since: for a batch that has just looked, such a reservation does not
  // exist yet. A reserve with its id is refused by the primary key and decided anew.
  if (strangers > 0 && remembered !== undefined) throw new LookAgain();
  const leases = await loadLeases(transaction, leasesWantedBy(commands, legs));
  books.post({ leases });
  if (wanted.adminKeys.length > 0) {
    books.post({ entries: await readAdminEntries(transaction, wanted.adminKeys) });
  }
  const limiters = limitersWantedBy(commands, books);
  if (limiters.size > 0) {
    const locked = await lockLimiters(transaction, limiters, nowMs);
    if (locked === undefined) throw new LookAgain();
    books.post({ limiters: locked });
  }
  const carried = await loadCarries(transaction, legsToCarry(wanted, carrying, books));
  const stored = {
    accounts: new Map(locked.map((account) => [account.id, account])),
    leases: new Map(leases.map((lease) => [`${lease.account} ${lease.id}`, lease])),
    reservations,
  };
  return { books, nowMs, due, stored, carried };
}

interface Wanted {
  readonly reservations: ReadonlySet<ReservationId>;
  /**
   * Those of them of whose accounts the batch says nothing: they must exist already, or are not found. A reserve
   * makes its own, and a report names its leg's; should it stand on others too, that shows under the locks.
   */
  readonly existing: ReadonlySet<ReservationId>;
  /** Accounts that a command may open. */
  readonly opening: ReadonlyMap<AccountId, Period>;
  /** Accounts of reserves, and how many due reservations the reserves may end on each. */
  readonly reserving: ReadonlyMap<AccountId, number>;
  readonly limiting: ReadonlySet<BudgetId>;
  /** The newest terms that a command brings along for an account. */
  readonly terms: ReadonlyMap<AccountId, AccountTerms>;
  readonly adminKeys: readonly {
    readonly account: AccountId;
    readonly kind: string;
    readonly key: string;
  }[];
}

function wantedBy(commands: readonly Command[]): Wanted {
  const reservations = new Set<ReservationId>();
  const told = new Set<ReservationId>();
  const opening = new Map<AccountId, Period>();
  const reserving = new Map<AccountId, number>();
  const limiting = new Set<BudgetId>();
  const terms = new Map<AccountId, AccountTerms>();
  const adminKeys: { account: AccountId; kind: string; key: string }[] = [];
  for (const command of commands) {
    if ('reservation' in command) reservations.add(command.reservation);
    for (const { account, period } of legsCharged(command)) opening.set(account, period);
    if (command.kind === 'ingest') told.add(command.reservation);
    if (command.kind === 'reserve') {
      told.add(command.reservation);
      for (const { account } of command.legs) {
        reserving.set(account, (reserving.get(account) ?? 0) + LAZY_EXPIRY_MAX);
      }
    }
    if (
      command.kind === 'setLimit' ||
      command.kind === 'clearLimit' ||
      command.kind === 'setTerms'
    ) {
      limiting.add(budgetOf(command.leg.account));
    }
    for (const leg of legsCharged(command)) {
      if (leg.terms === undefined) continue;
      if (isNewerTerms(leg.terms, terms.get(leg.account))) terms.set(leg.account, leg.terms);
    }
    if (command.kind === 'grant' || command.kind === 'adjust') {
      adminKeys.push({ account: command.leg.account, kind: command.kind, key: command.key });
    }
  }
  const existing = new Set([...reservations].filter((id) => !told.has(id)));
  return { reservations, existing, opening, reserving, limiting, terms, adminKeys };
}

/** Accounts that are opened or put on newer terms, and those that are `carrying` already. */
function legsToCarry(
  { opening, terms }: Wanted,
  carrying: readonly AccountId[],
  books: Books,
): readonly LegAccount[] {
  const touched = [...opening].flatMap(([account, period]): readonly LegAccount[] => {
    const known = books.account(account);
    if (known !== undefined && !isBehind(known, terms)) return [];
    const newest = terms.get(account);
    return [newest === undefined ? { account, period } : { account, period, terms: newest }];
  });
  const found = carrying.flatMap((id) => books.account(id) ?? []).map(legOfAccount);
  return [...touched, ...found.filter(({ account }) => !opening.has(account))];
}

function isBehind(account: Account, newest: Wanted['terms']): boolean {
  const terms = newest.get(account.id);
  return terms !== undefined && isNewerTerms(terms, account.terms);
}

/** Limiters that the commands take from or charge, and those of which the reservations that they change hold slots. */
function limitersWantedBy(commands: readonly Command[], books: Books): ReadonlySet<LimiterId> {
  const made = new Map<ReservationId, Pick<Reservation, 'rates'>>();
  const limiters = new Set<LimiterId>();
  for (const command of commands) {
    if (!('reservation' in command) || command.kind === 'ingest') continue;
    // One that is made in this very batch may end in it.
    if (command.kind === 'reserve') made.set(command.reservation, takenRates(command));
    const reservation = books.reservation(command.reservation) ?? made.get(command.reservation);
    for (const id of limitersOf(command, reservation)) limiters.add(id);
  }
  return limiters;
}

/** The accounts of the named reservations as far as `known` remembers all of them. */
function remember(wanted: Wanted, known: KnownRows): readonly AccountId[] | undefined {
  const accounts: AccountId[] = [];
  for (const id of wanted.reservations) {
    const remembered = known.accountsOf(id);
    if (remembered !== undefined) accounts.push(...remembered);
    else if (wanted.existing.has(id)) return undefined;
  }
  return accounts;
}

/** The accounts of the named reservations, and of those due on the accounts of reserves. Not locked. */
async function findAccounts(
  transaction: Transaction<Database>,
  wanted: Wanted,
  at: string | null,
): Promise<readonly AccountId[]> {
  const { rows } = await sql<{ account_id: AccountId }>`
    select distinct unnest(account_ids) as account_id from reservations
    where id in (${namedAndDue(wanted, at)})`.execute(transaction);
  return rows.map((row) => row.account_id);
}

/** Ids of the named reservations, and of those that are due on the accounts of reserves. */
function namedAndDue(wanted: Wanted, at: string | null) {
  const named = sql`select unnest(${texts([...wanted.reservations])}::text[]) as id`;
  if (wanted.reserving.size === 0) return named;
  return sql`
    ${named}
    union
    select due.reservation_id
    from unnest(
      ${texts([...wanted.reserving.keys()])}::text[],
      ${[...wanted.reserving.values()]}::int[]
    ) as reserving (account_id, most)
    cross join lateral (
      select reservation_id from legs
      where account_id = reserving.account_id
        and state = 'reserved'
        and lease_id = 'direct'
        and not exists (
          select from legs as others
          where others.reservation_id = legs.reservation_id
            and others.state = 'reserved'
            and others.lease_id <> 'direct'
        )
        and deadline_at <= coalesce(${at}::timestamptz, clock_timestamp())
      order by deadline_at, reservation_id
      limit reserving.most
    ) as due`;
}

/**
 * Makes the rows of accounts that do not exist yet, with the limit of their budget, and reads the limits of
 * budgets about to change. Locks the budgets: a limit set at the same moment comes before or after, not between.
 */
async function openAccounts(
  transaction: Transaction<Database>,
  wanted: Wanted,
  known: KnownRows | undefined,
  books: Books,
): Promise<void> {
  const unknown = [...wanted.opening.keys()].filter((id) => known?.hasAccount(id) !== true);
  // Without memory every budget that new terms are about is locked, whether they turn out to be new or not.
  const limiting = [
    ...wanted.limiting,
    ...(known === undefined ? [...wanted.terms.keys()].map(budgetOf) : []),
  ];
  if (unknown.length === 0 && limiting.length === 0) return;
  const existing = await sql<{ id: string }>`
    select id from accounts where id = any((select ${texts(unknown)}::text[])::text[])`.execute(
    transaction,
  );
  const found = new Set(existing.rows.map((row) => row.id));
  const missing = unknown.filter((id) => !found.has(id));
  const budgets = [...new Set([...missing.map(budgetOf), ...limiting])].toSorted();
  if (budgets.length === 0) return;
  await sql`
    insert into budgets (id, is_default) select id, true from unnest(${budgets}::text[]) as new (id)
    order by id on conflict do nothing`.execute(transaction);
  const { rows } = await sql<{ id: string; is_default: boolean; limit_nano_usd: bigint | null }>`
    select id, is_default, limit_nano_usd from budgets
    where id = any((select ${texts(budgets)}::text[])::text[]) order by id for update`.execute(
    transaction,
  );
  for (const row of rows) {
    if (row.is_default) continue;
    books.post({ limit: { budget: row.id as BudgetId, limit: limitOf(row.limit_nano_usd) } });
  }
}

/**
 * `ids` are sorted, as every transaction locks them. Their places are cheaper to sort by than they are. The inner
 * `select` keeps from the planner how many they are: it would rather read the whole table than look for each.
 */
async function lockAccounts(
  transaction: Transaction<Database>,
  ids: readonly AccountId[],
): Promise<readonly AccountRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<AccountRow>`
    select accounts.*
    from unnest((select ${texts(ids)}::text[])) with ordinality as wanted (id, place)
    join accounts on accounts.id = wanted.id
    order by wanted.place
    for update of accounts`.execute(transaction);
  return rows;
}

type JoinedRow = { readonly now: Date } & (
  | ({ readonly id: string } & ReservationRow & LegRow)
  | { readonly id: null }
);

/** Reservations and legs as they are under the locks, and the time. `strangers` are on accounts not locked. */
async function readReservations(
  transaction: Transaction<Database>,
  wanted: Wanted,
  at: string | null,
  books: Books,
): Promise<
  Pick<LoadedBatch, 'nowMs' | 'due'> &
    Pick<StoredRows, 'reservations'> & { readonly legs: readonly Leg[]; readonly strangers: number }
> {
  // `offset 0` keeps the inner query whole: by index for each id, however large the planner thinks the list is.
  const { rows } = await sql<JoinedRow>`
    select clock.now, found.*
    from (select coalesce(${at}::timestamptz, clock_timestamp()) as now) as clock
    left join (${namedAndDue(wanted, at)}) as wanted on true
    left join lateral (
      select reservations.*, legs.*
      from reservations join legs on legs.reservation_id = reservations.id
      where reservations.id = wanted.id
      offset 0
    ) as found on true
    order by found.deadline_at, found.reservation_id`.execute(transaction);
  const due = new Set<ReservationId>();
  const nowMs = instantOf(rows[0]?.now ?? new Date(Number.NaN));
  const legs: Leg[] = [];
  const reservations = new Set<ReservationId>();
  let strangers = 0;
  for (const row of rows) {
    if (row.id === null) continue;
    const reservation = reservationFromRow(row);
    const leg = legFromRow(row);
    if (reservation.accounts.some((id) => books.account(id) === undefined)) {
      strangers += 1;
      continue;
    }
    books.post({ reservation, legs: [leg] });
    legs.push(leg);
    reservations.add(reservation.id);
    if (leg.state === 'reserved' && leg.deadlineAtMs <= nowMs) {
      due.add(reservation.id);
    }
  }
  return { nowMs, due, legs, reservations, strangers };
}

async function readAdminEntries(transaction: Kysely<Database>, keys: Wanted['adminKeys']) {
  const { rows } = await sql<LedgerEntryRow>`
    select entries.* from ledger_entries as entries
    join unnest(
      ${keys.map(({ account }) => account)}::text[],
      ${keys.map(({ kind }) => kind)}::text[],
      ${keys.map(({ key }) => key)}::text[]
    ) as wanted (account_id, kind, key)
      on entries.account_id = wanted.account_id
      and entries.reservation_id is null
      and entries.kind = wanted.kind
      and entries.key = wanted.key`.execute(transaction);
  return rows.map(entryFromRow);
}
