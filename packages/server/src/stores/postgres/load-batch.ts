/**
 * Loading what a batch of commands needs, under locks that cannot deadlock.
 *
 * The order is the same in every transaction of every process: budgets by id (only when an account is
 * opened or a limit set), then accounts by id, then everything under them, which the accounts' locks cover.
 * What was read before the locks is only used to find out what to lock, and read again afterwards.
 */
import {
  type AccountId,
  Books,
  type BudgetId,
  budgetOf,
  type Command,
  type InstantMs,
  LAZY_EXPIRY_MAX,
  type Period,
  type ReservationId,
} from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
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
  /** Open reservations past their deadline on the accounts of the batch's reserves, earliest first. */
  readonly due: readonly DueReservation[];
}

export interface DueReservation {
  readonly id: ReservationId;
  readonly accounts: readonly AccountId[];
}

/** Reads and locks what `commands` need. `testNowMs` replaces the database's clock. */
export async function loadBatch(
  transaction: Transaction<Database>,
  commands: readonly Command[],
  testNowMs: InstantMs | undefined,
): Promise<LoadedBatch> {
  const wanted = wantedBy(commands);
  const at = testNowMs === undefined ? null : new Date(testNowMs).toISOString();
  const found = await findReservations(transaction, wanted, at);
  const books = new Books();
  await openAccounts(transaction, wanted, books);
  const accounts = new Set<AccountId>(wanted.opening.keys());
  for (const row of found) for (const id of row.account_ids) accounts.add(id as AccountId);
  for (const row of await lockAccounts(transaction, [...accounts].toSorted())) {
    books.post({ accounts: [accountFromRow(row)] });
  }
  const reservations = new Set<string>(wanted.reservations);
  for (const row of found) reservations.add(row.id);
  const { nowMs, due } = await readReservations(transaction, [...reservations], at, books);
  if (wanted.adminKeys.length > 0) {
    books.post({ entries: await readAdminEntries(transaction, wanted.adminKeys) });
  }
  return { books, nowMs, due };
}

interface Wanted {
  readonly reservations: ReadonlySet<ReservationId>;
  /** Accounts that a command may open. */
  readonly opening: ReadonlyMap<AccountId, Period>;
  /** Accounts of reserves, and how many due reservations the reserves may end on each. */
  readonly reserving: ReadonlyMap<AccountId, number>;
  readonly limiting: ReadonlySet<BudgetId>;
  readonly adminKeys: readonly {
    readonly account: AccountId;
    readonly kind: string;
    readonly key: string;
  }[];
}

function wantedBy(commands: readonly Command[]): Wanted {
  const reservations = new Set<ReservationId>();
  const opening = new Map<AccountId, Period>();
  const reserving = new Map<AccountId, number>();
  const limiting = new Set<BudgetId>();
  const adminKeys: { account: AccountId; kind: string; key: string }[] = [];
  for (const command of commands) {
    if ('reservation' in command) reservations.add(command.reservation);
    if ('leg' in command) opening.set(command.leg.account, command.leg.period);
    if (command.kind === 'reserve') {
      for (const { account, period } of command.legs) {
        opening.set(account, period);
        reserving.set(account, (reserving.get(account) ?? 0) + LAZY_EXPIRY_MAX);
      }
    }
    if (command.kind === 'setLimit') limiting.add(budgetOf(command.leg.account));
    if (command.kind === 'grant' || command.kind === 'adjust') {
      adminKeys.push({ account: command.leg.account, kind: command.kind, key: command.key });
    }
  }
  return { reservations, opening, reserving, limiting, adminKeys };
}

/** The reservations that the commands name, and the due ones on the accounts they reserve on. Not locked. */
async function findReservations(
  transaction: Transaction<Database>,
  wanted: Wanted,
  at: string | null,
): Promise<readonly Pick<ReservationRow, 'id' | 'account_ids'>[]> {
  const { rows } = await sql<Pick<ReservationRow, 'id' | 'account_ids'>>`
    select id, account_ids from reservations where id = any(${[...wanted.reservations]}::text[])
    union
    select reservations.id, reservations.account_ids
    from unnest(
      ${[...wanted.reserving.keys()]}::text[],
      ${[...wanted.reserving.values()]}::int[]
    ) as wanted (account_id, most)
    cross join lateral (
      select reservation_id from legs
      where account_id = wanted.account_id
        and state = 'reserved'
        and deadline_at <= coalesce(${at}::timestamptz, clock_timestamp())
      order by deadline_at, reservation_id
      limit wanted.most
    ) as due
    join reservations on reservations.id = due.reservation_id`.execute(transaction);
  return rows;
}

/**
 * Makes the rows of accounts that do not exist yet, with the limit of their budget, and reads the limits of
 * budgets about to change. Locks the budgets: a limit set at the same moment comes before or after, not between.
 */
async function openAccounts(
  transaction: Transaction<Database>,
  wanted: Wanted,
  books: Books,
): Promise<void> {
  const ids = [...wanted.opening.keys()];
  if (ids.length === 0) return;
  const existing = await sql<{ id: string }>`
    select id from accounts where id = any(${ids}::text[])`.execute(transaction);
  const known = new Set(existing.rows.map((row) => row.id));
  const missing = ids.filter((id) => !known.has(id));
  const budgets = [...new Set([...missing.map(budgetOf), ...wanted.limiting])].toSorted();
  if (budgets.length === 0) return;
  await sql`
    insert into budgets (id, is_default) select id, true from unnest(${budgets}::text[]) as new (id)
    order by id on conflict do nothing`.execute(transaction);
  const { rows } = await sql<{ id: string; is_default: boolean; limit_nano_usd: bigint | null }>`
    select id, is_default, limit_nano_usd from budgets
    where id = any(${budgets}::text[]) order by id for update`.execute(transaction);
  for (const row of rows) {
    if (row.is_default) continue;
    books.post({ limit: { budget: row.id as BudgetId, limit: limitOf(row.limit_nano_usd) } });
  }
}

async function lockAccounts(
  transaction: Transaction<Database>,
  ids: readonly AccountId[],
): Promise<readonly AccountRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<AccountRow>`
    select * from accounts where id = any(${[...ids]}::text[]) order by id for update`.execute(
    transaction,
  );
  return rows;
}

type JoinedRow = { readonly now: Date } & (
  | ({ readonly id: string } & ReservationRow & LegRow)
  | { readonly id: null }
);

/** Reservations and legs as they are under the locks, and the time. */
async function readReservations(
  transaction: Transaction<Database>,
  ids: readonly string[],
  at: string | null,
  books: Books,
): Promise<Pick<LoadedBatch, 'nowMs' | 'due'>> {
  const { rows } = await sql<JoinedRow>`
    select clock.now, reservations.*, legs.*
    from (select coalesce(${at}::timestamptz, clock_timestamp()) as now) as clock
    left join reservations on reservations.id = any(${[...ids]}::text[])
    left join legs on legs.reservation_id = reservations.id
    order by legs.deadline_at, legs.reservation_id`.execute(transaction);
  const due = new Map<ReservationId, DueReservation>();
  const nowMs = instantOf(rows[0]?.now ?? new Date(Number.NaN));
  for (const row of rows) {
    if (row.id === null) continue;
    const reservation = reservationFromRow(row);
    const leg = legFromRow(row);
    // Made by another process since we looked: its accounts are not locked, so for this batch it does not
    // exist yet. A reserve with its id is refused by the primary key and decided anew.
    if (reservation.accounts.some((id) => books.account(id) === undefined)) continue;
    books.post({ reservation, legs: [leg] });
    if (leg.state === 'reserved' && leg.deadlineAtMs <= nowMs) {
      due.set(reservation.id, { id: reservation.id, accounts: reservation.accounts });
    }
  }
  return { nowMs, due: [...due.values()] };
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
      and coalesce(entries.reservation_id, '') = ''
      and entries.kind = wanted.kind
      and entries.key = wanted.key`.execute(transaction);
  return rows.map(entryFromRow);
}
