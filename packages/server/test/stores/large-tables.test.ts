import {
  type AccountId,
  type Amount,
  duration,
  type Fingerprint,
  type HolderId,
  type Ingest,
  type InstantMs,
  type LeaseId,
  type ReservationId,
} from '@bursar/core';
import { startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { BatchApplier } from '../../src/stores/postgres/apply-batch.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { openDatabase, type OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import { findOverdue } from '../../src/stores/postgres/suspects.ts';

const ACCOUNTS = 20_000;
const PAGE = 500;
const STARTS_AT = '2026-11-01T00:00:00.000Z';
const ENDS_AT = '2026-12-01T00:00:00.000Z';
const AT_MS = Date.parse('2026-11-12T00:00:00.000Z') as InstantMs;
const HOLDER = 'redis:test' as HolderId;

it('a page of reports is booked by the indexes of accounts and leases, however many there are', async () => {
  const database = await openFilled();

  const batches = new BatchApplier({
    db: database.db,
    clock: { nowMs: () => AT_MS },
    defaultLimit: null,
  });
  let scanned: readonly { readonly table: string; readonly rows: string }[] = [];
  const outcomes = await batches.apply(
    Array.from({ length: PAGE }, (_, index) => report(index)),
    {
      holder: HOLDER,
      after: async (transaction) => {
        // What this transaction has done so far: nobody else's, and not late.
        const { rows } = await sql<{ table: string; rows: string }>`
        select relname as table, seq_tup_read::text as rows from pg_stat_xact_user_tables
        where relname in ('accounts', 'leases') order by relname`.execute(transaction);
        scanned = rows;
      },
    },
  );

  expect(outcomes.filter(({ outcome }) => outcome === 'applied')).toHaveLength(PAGE);
  expect(scanned).toEqual([
    { table: 'accounts', rows: '0' },
    { table: 'leases', rows: '0' },
  ]);
});

it('a call that is long overdue is found by its deadline, however many there have been', async () => {
  const database = await openFilled();
  await sql`
    insert into legs (
      reservation_id, account_id, lease_id, state, amount_nano_usd, spent_nano_usd, deadline_at, dispatched
    )
    select 'acme/' || number || '-' || part, 'acme/user:u' || number || '/credit/2026-11', 'lease',
      case when number = 7 and part = 2 then 'reserved' else 'settled' end, 10, 10, ${STARTS_AT}::timestamptz, true
    from generate_series(0, ${ACCOUNTS - 1}::int) as number, generate_series(1, 3) as part`.execute(
    database.db,
  );

  // On a connection that has done nothing else, since what it reads is counted.
  await database.patiently((own) =>
    own.transaction().execute(async (db) => {
      const found = await findOverdue(db, {
        holder: HOLDER,
        overMs: duration(60_000),
        limit: 10,
        now: sql`${new Date(AT_MS)}::timestamptz`,
      });
      expect(found).toMatchObject([
        {
          lease: 'lease',
          leg: { account: 'acme/user:u7/credit/2026-11', period: { id: '2026-11' } },
        },
      ]);
      const { rows } = await sql<{ rows: string }>`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::text as rows from pg_stat_xact_user_tables
      where relname in ('accounts', 'leases', 'legs')`.execute(db);
      expect(rows).toEqual([{ rows: '3' }]);
    }),
  );
});

/** A database of its own with many accounts, each with a lease. */
async function openFilled(): Promise<OpenedDatabase> {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const database = await openDatabase({ url: await server.createDatabase() });
  onTestFinished(() => database.close());
  await migrate(database);
  await fill(database);
  return database;
}

async function fill({ db }: OpenedDatabase): Promise<void> {
  const numbers = sql`generate_series(0, ${ACCOUNTS - 1}::int) as number`;
  await sql`
    insert into budgets (id, is_default)
    select 'acme/user:u' || number || '/credit', true from ${numbers}`.execute(db);
  await sql`
    insert into accounts (
      id, budget_id, lease_id, start_at, end_at, granted_nano_usd, settled_nano_usd, reserved_nano_usd,
      leased_nano_usd, sequence
    )
    select 'acme/user:u' || number || '/credit/2026-11', 'acme/user:u' || number || '/credit', 'direct',
      ${STARTS_AT}::timestamptz, ${ENDS_AT}::timestamptz, 0, 0, 0, 1000, 1
    from ${numbers}`.execute(db);
  await sql`
    insert into leases (account_id, id, holder, ticket, drawn_nano_usd)
    select 'acme/user:u' || number || '/credit/2026-11', 'lease', ${HOLDER}, 1, 1000
    from ${numbers}`.execute(db);
}

function report(index: number): Ingest {
  return {
    kind: 'ingest',
    reservation: `acme/019a0000-0000-7000-8000-${String(index).padStart(12, '0')}` as ReservationId,
    fingerprint: 'f' as Fingerprint,
    leg: {
      account: `acme/user:u${index * 7}/credit/2026-11` as AccountId,
      period: {
        id: '2026-11',
        startAtMs: Date.parse(STARTS_AT) as InstantMs,
        endAtMs: Date.parse(ENDS_AT) as InstantMs,
      },
    },
    state: 'settled',
    lease: 'lease' as LeaseId,
    spent: 10 as Amount,
    atMs: AT_MS,
    isShown: true,
    terms: null,
    detail: null,
  };
}
