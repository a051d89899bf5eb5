/** What an account carries, in the rows of PostgreSQL: by whichever server, counted once, and no longer than needed. */
import {
  accountId,
  type AccountTerms,
  amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  MemoryTier,
  periodAt,
  type PeriodRule,
  type Tier,
} from '@bursar/core';
import { ManualClock, type PostgresServer, startPostgres, TestPurse } from '@bursar/testkit';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { MemorySpendFacts } from '../../src/policies/memory-spend-facts.ts';
import { auditLedger } from '../../src/stores/postgres/audit-ledger.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresSpendFacts } from '../../src/stores/postgres/postgres-spend-facts.ts';
import { PostgresTier } from '../../src/stores/postgres/postgres-tier.ts';

const WEEKLY: PeriodRule = { every: 'week', zone: 'UTC' };
const THURSDAY = Date.UTC(2026, 10, 12, 12) as InstantMs;

let postgres: PostgresServer;
let database: OpenedDatabase;
let clock: ManualClock;
let purse: TestPurse;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  database = await openDatabase({ url: await postgres.createDatabase() });
  await migrate(database);
  clock = new ManualClock(THURSDAY);
  purse = new TestPurse(server(), clock);
  return () => database.close();
});

function server(): PostgresTier {
  return new PostgresTier({ db: database.db, clock, defaultLimit: amount(1_000) });
}

function weekOf(user: string) {
  const period = periodAt(WEEKLY, clock.nowMs());
  const budget = budgetId(purse.tenant, { kind: 'user', name: user });
  const terms: AccountTerms = {
    limit: amount(1_000),
    granted: amount(0),
    isEnforced: true,
    version: 2,
    sinceMs: 0 as InstantMs,
  };
  return { account: accountId(budget, period), period, terms };
}

const reserveInWeek = (tier: Tier, users: readonly string[], nanoUsd = 0) =>
  tier.execute({
    kind: 'reserve',
    reservation: purse.id(),
    fingerprint: 'x' as Fingerprint,
    legs: users.map(weekOf),
    amount: amount(nanoUsd),
    ttlMs: 60_000 as DurationMs,
    terms: null,
  });
const monthOf = (user: string) => purse.leg(user, THURSDAY).account;
const watched = async () =>
  (await database.db.selectFrom('carries').select('account_id').execute()).length;
const settledOf = async (user: string) =>
  (await purse.tier.account(weekOf(user).account))?.settled ?? 0;

it('counts as booked what was spent, and not what is carried of it', async () => {
  await purse.settle(await purse.open('alice', 40), 40);
  await reserveInWeek(server(), ['alice'], 5);
  expect(await settledOf('alice')).toBe(40);
  expect(await auditLedger(database.db)).toMatchObject({
    accounts: 2,
    settledNanoUsd: 40n,
    reservedNanoUsd: 5n,
    differenceNanoUsd: 0n,
    findings: 0,
  });
});

it('is spent once for promotions, too, on PostgreSQL as in memory', async () => {
  const memory = new MemoryTier({ clock, defaultLimit: amount(1_000) });
  const inMemory = new TestPurse(memory, clock, purse.tenant);
  for (const spender of [purse, inMemory]) {
    await spender.settle(await spender.open('alice', 40), 40);
    await reserveInWeek(spender.tier, ['alice'], 5);
    await spender.settle(await spender.open('alice', 2), 2);
  }
  const scopes = [{ tenant: purse.tenant, scope: { kind: 'user', name: 'alice' } }];
  const spent = [[{ budget: 'credit', spent: 42, firstAtMs: THURSDAY }]];
  expect(await new PostgresSpendFacts(database.db).spendOf(scopes)).toEqual(spent);
  expect(await new MemorySpendFacts(memory).spendOf(scopes)).toEqual(spent);
});

it('carries once when two servers open the account at once', async () => {
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  for (const user of users) await purse.settle(await purse.open(user, 7), 7);
  const servers = [server(), server()];
  await Promise.all(
    servers.flatMap((tier) => users.map((user) => reserveInWeek(tier, [user], 100))),
  );
  for (const user of users) {
    const { account } = weekOf(user);
    expect(await purse.tier.account(account)).toMatchObject({ settled: 7, reserved: 200 });
    const entries = await purse.tier.entries({ account, limit: 10 });
    expect(entries.map(({ kind, key }) => ({ kind, key }))).toEqual([
      { kind: 'adjust', key: 'carry:1' },
    ]);
  }
});

it('is followed by any server, also by one that was started since', async () => {
  const open = await purse.open('alice', 40);
  await reserveInWeek(server(), ['alice']);
  expect(await settledOf('alice')).toBe(40);
  await purse.settle(open, 12);
  clock.advance(2_000);
  const [one, other] = [server(), server()];
  await Promise.all([one.sweep(10), other.sweep(10)]);
  expect(await settledOf('alice')).toBe(12);
  expect((await auditLedger(database.db)).findings).toBe(0);
});

it('looks again as long as something is open, and ten minutes for what is settled late', async () => {
  const expired = await purse.open('alice', 40, { ttlMs: 60_000 });
  await purse.extend(expired, { dispatched: true, ttlMs: 60_000 });
  await reserveInWeek(server(), ['alice']);
  expect(await watched()).toBe(1);
  clock.advance(60_000);
  await purse.tier.sweep(10);
  expect(await settledOf('alice')).toBe(40);
  await purse.settle(expired, 3);
  clock.advance(300_000);
  await purse.tier.sweep(10);
  expect(await settledOf('alice')).toBe(3);
  clock.advance(1_200_000);
  await purse.tier.sweep(10);
  expect(await watched()).toBe(0);
});

it('watches nothing where no rule was changed', async () => {
  await purse.settle(await purse.open('alice', 40), 40);
  clock.set(Date.UTC(2026, 11, 1));
  await purse.open('alice', 40);
  expect(await watched()).toBe(0);
  expect(await purse.tier.account(monthOf('alice'))).toMatchObject({ settled: 40 });
});
