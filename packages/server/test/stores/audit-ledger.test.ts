import { ManualClock, TestPurse } from '@bursar/testkit';
import { amount } from '@bursar/core';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditLedger, auditWithin } from '../../src/stores/postgres/audit-ledger.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresTier } from '../../src/stores/postgres/postgres-tier.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

let database: OpenedDatabase;
let purse: TestPurse;

beforeAll(async () => {
  database = await openDatabase(IN_MEMORY);
  await migrate(database);
  const clock = new ManualClock();
  purse = new TestPurse(
    new PostgresTier({ db: database.db, clock, defaultLimit: amount(1_000) }),
    clock,
  );
  await purse.settle(await purse.open(['alice', 'team'], 400), 500);
  await purse.release(await purse.open('bob', 100));
  await purse.extend(await purse.open('bob', 100, { ttlMs: 1_000 }), {
    dispatched: true,
    ttlMs: 1_000,
  });
  clock.advance(1_000);
  await purse.tier.sweep(10);
  await purse.grant('bob', 'gift', 5);
  await purse.settle(await purse.open('carol', 1_000), 1_300);
  await purse.open('dave', 70);
});
afterAll(() => database.close());

it('finds nothing in honest books and adds them up', async () => {
  expect(await auditLedger(database.db)).toEqual({
    accounts: 5,
    entries: 6,
    reservations: { reserved: 1, released: 1, expired: 1, settled: 2 },
    settledNanoUsd: 2_400n,
    differenceNanoUsd: 0n,
    reservedNanoUsd: 70n,
    overLimitNanoUsd: 300n,
    findings: 0,
    shown: [],
  });
});

it.each([
  [
    'a booked sum that was changed',
    "update accounts set settled_nano_usd = settled_nano_usd + 1 where id like '%alice%'",
    /alice.* settled 501, its entries say 500/,
  ],
  [
    'a reserved sum that was changed',
    "update accounts set reserved_nano_usd = 71 where id like '%dave%'",
    /dave.* reserved 71, its open reservations say 70/,
  ],
  [
    'a grant without an entry',
    "update accounts set granted_nano_usd = 6 where id like '%bob%'",
    /bob.* granted 6, its entries say 5/,
  ],
  [
    'a lost entry',
    "alter table ledger_entries disable trigger user; delete from ledger_entries where kind = 'release'; alter table ledger_entries enable trigger user",
    /ended without an entry/,
  ],
  [
    'an entry booked twice',
    "insert into ledger_entries select account_id, sequence + 10, kind, reservation_id, key || '2', lease_id, amount_nano_usd, limit_nano_usd, at, detail from ledger_entries where kind = 'expire'",
    /bob.* settled 100, its entries say 200/,
  ],
  ['a leg that vanished', "delete from legs where account_id like '%team%'", /a leg is missing/],
  [
    'a reservation ended twice',
    "update legs set state = 'released' where account_id like '%carol%'",
    /carol.*ended without an entry/,
  ],
  [
    'a leg without its reservation',
    "delete from reservations where id in (select reservation_id from legs where account_id like '%dave%')",
    /dave.* there is no such reservation/,
  ],
  [
    'a leg on a lease that does not exist',
    "update legs set lease_id = 'lost' where account_id like '%dave%'",
    /dave.* its lease lost does not exist/,
  ],
  [
    'an entry on a lease that does not exist',
    "alter table ledger_entries disable trigger user; update ledger_entries set lease_id = 'lost' where account_id like '%carol%'; alter table ledger_entries enable trigger user",
    /entry .*carol.* its lease lost does not exist/,
  ],
  [
    'an entry on a reservation that is not on its account',
    "alter table ledger_entries disable trigger user; update ledger_entries set reservation_id = (select reservation_id from legs where account_id like '%dave%') where account_id like '%carol%'; alter table ledger_entries enable trigger user",
    /entry .*carol.* which is not on it/,
  ],
])('finds %s', async (_title, tampering, finding) => {
  const rollBack = new Error('roll back');
  await expect(
    database.db.transaction().execute(async (transaction) => {
      for (const statement of tampering.split(';')) await sql.raw(statement).execute(transaction);
      const report = await auditWithin(transaction);
      expect(report.findings).toBeGreaterThan(0);
      expect(report.shown.join('\n')).toMatch(finding);
      throw rollBack;
    }),
  ).rejects.toBe(rollBack);
});

it('cannot be tampered with by accident: the ledger refuses updates and deletes', async () => {
  for (const statement of [
    'update ledger_entries set amount_nano_usd = 0',
    'delete from ledger_entries',
  ]) {
    await expect(sql.raw(statement).execute(database.db)).rejects.toThrow('append-only');
  }
});
