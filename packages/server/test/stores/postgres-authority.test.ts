import {
  amount,
  type Command,
  type DurationMs,
  EXECUTE_ALL_MAX,
  type Fingerprint,
  type HolderId,
  type Ingest,
  isBursarError,
  type LeaseId,
} from '@bursar/core';
import { freshTenant, ManualClock, TestPurse } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresAuthority } from '../../src/stores/postgres/postgres-authority.ts';
import { openAuthorityForTest } from './open-authority-for-test.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

const clock = new ManualClock();
let authority: PostgresAuthority;
let database: OpenedDatabase;
let purse: TestPurse;
let holder: HolderId;

beforeAll(async () => {
  ({ authority, database } = await openAuthorityForTest(IN_MEMORY, {
    clock,
    defaultLimit: amount(1_000),
  }));
});
afterAll(() => authority.close());
beforeEach(() => {
  purse = new TestPurse(authority, clock);
  holder = freshTenant() as string as HolderId;
});

function settled(lease: string, detail: string): Ingest {
  return {
    kind: 'ingest',
    reservation: purse.id(),
    fingerprint: 'elsewhere' as Fingerprint,
    leg: purse.leg('alice'),
    state: 'settled',
    lease: lease as LeaseId,
    spent: amount(10),
    terms: null,
    detail: { detail },
  };
}

/** PostgreSQL cannot keep this character in JSON. */
const REFUSED = '\u0000';

it('changes nothing when the database refuses one command of many, and says so by its own error', async () => {
  const commands: readonly Command[] = [settled('l1', 'good'), settled('l1', REFUSED)];
  const error: unknown = await authority.executeAll(commands).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(isBursarError(error)).toBe(false);
  expect(await purse.sums('alice')).toMatchObject({ settled: 0 });
});

it('leaves a journal where it was when the database refuses one of its events', async () => {
  const journal = { holder, incarnation: 1, shard: 0, worker: 'w1' };
  await authority.claimJournal({ ...journal, ttlMs: 1_000 as DurationMs });
  const bring = (commands: readonly Command[]) =>
    authority.ingest({ ...journal, after: '0-0', position: '7-0', commands });
  await expect(bring([settled('l1', 'good'), settled('l1', REFUSED)])).rejects.toThrow('Unicode');
  expect(await authority.positions(holder, 1)).toEqual(new Map([[0, '0-0']]));
  expect(await purse.sums('alice')).toMatchObject({ settled: 0 });
  await bring([settled('l1', 'good')]);
  expect(await authority.positions(holder, 1)).toEqual(new Map([[0, '7-0']]));
  expect(await purse.sums('alice')).toMatchObject({ settled: 10 });
});

it('takes as many commands as it promises in one transaction', async () => {
  const commands = Array.from({ length: EXECUTE_ALL_MAX }, () => settled('l1', 'one of many'));
  const outcomes = await authority.executeAll(commands);
  expect(outcomes.every(({ outcome }) => outcome === 'applied')).toBe(true);
  expect(await purse.sums('alice')).toMatchObject({ settled: 10 * EXECUTE_ALL_MAX });
  await expect(
    authority.executeAll([...commands, settled('l1', 'too many')]),
  ).rejects.toMatchObject({ name: 'InvariantViolation' });
  expect(await authority.executeAll([])).toEqual([]);
});

it('keeps an event once however often it is set aside', async () => {
  const event = {
    id: `${holder}-1`,
    holder,
    reason: 'malformed' as const,
    message: 'does not read back',
    event: '{"half',
    atMs: clock.nowMs(),
  };
  await authority.setAside([event, { ...event, id: `${holder}-2`, reason: 'conflict' }]);
  await authority.setAside([{ ...event, message: 'again' }]);
  await authority.setAside([]);
  const { rows } = await sql`
    select id, reason, message, replayed_at from set_aside_events
    where holder = ${holder} order by id`.execute(database.db);
  expect(rows).toEqual([
    { id: `${holder}-1`, reason: 'malformed', message: 'does not read back', replayed_at: null },
    { id: `${holder}-2`, reason: 'conflict', message: 'does not read back', replayed_at: null },
  ]);
});

it('sets aside a text with a character that PostgreSQL cannot keep', async () => {
  const id = `${holder}-nul`;
  const atMs = clock.nowMs();
  const event = { id, holder, reason: 'malformed' as const, message: 'm', event: 'a\0b', atMs };
  await authority.setAside([event]);
  const { rows } = await sql`select event from set_aside_events where id = ${id}`.execute(
    database.db,
  );
  expect(rows).toEqual([{ event: 'a\uFFFDb' }]);
});

it('forgets a worker that has been silent for a day', async () => {
  await authority.attest({ id: holder, holder, incarnation: 1, oldestMs: 0 as DurationMs });
  const close = () =>
    authority.closeSuspects({
      quarantineMs: 0 as DurationMs,
      deadAfterMs: 60_000 as DurationMs,
      limit: 10,
    });
  const count = async () => {
    const { rows } = await sql`select id from workers where id = ${holder}`.execute(database.db);
    return rows.length;
  };
  clock.advance(86_399_999);
  await close();
  expect(await count()).toBe(1);
  clock.advance(1);
  await close();
  expect(await count()).toBe(0);
});

it('closes nothing until the server has been up for as long as it waits for', async () => {
  const leg = purse.leg('alice');
  const lease = 'l1' as LeaseId;
  const ask = { need: amount(10), least: amount(10), expected: null, minimum: amount(0) };
  await authority.execute({ kind: 'openLease', lease, holder, ticket: 1, ask, leg });
  await authority.execute({ kind: 'suspectLease', lease, leg });
  // The same database by its own clock, for which the lease has been suspect since November.
  const real = new PostgresAuthority({ db: database.db, defaultLimit: null });
  const rules = { quarantineMs: 0 as DurationMs, deadAfterMs: 0 as DurationMs, limit: 10 };
  await real.closeSuspects({ ...rules, quarantineMs: 3_600_000 as DurationMs });
  expect(await real.lease(leg.account, lease)).toMatchObject({ state: 'suspect' });
  await real.closeSuspects(rules);
  expect(await real.lease(leg.account, lease)).toMatchObject({ state: 'closed' });
});

it('finds its rows again when they vanish under it, as after a failover to an older standby', async () => {
  await purse.setLimit('alice', 5_000);
  await purse.settle(await purse.open('alice', 10), 10);
  for (const table of ['ledger_entries', 'legs', 'leases', 'accounts', 'reservations', 'budgets']) {
    await sql`truncate ${sql.table(table)} cascade`.execute(database.db);
  }
  expect(await purse.reserve('alice', 900)).toMatchObject({ outcome: 'applied' });
  expect(await purse.sums('alice')).toMatchObject({ limit: 1_000, reserved: 900, settled: 0 });
});

it('refuses a pseudo-lease that draws', async () => {
  await purse.open('alice', 10);
  const { account } = purse.leg('alice');
  await expect(
    sql`update leases set drawn_nano_usd = 1 where account_id = ${account}`.execute(database.db),
  ).rejects.toThrow('check constraint');
});

it('takes in a report of one leg of a call that another process has set aside on more accounts', async () => {
  const call = await purse.open(['alice', 'team'], 40);
  // This one has never heard of the call, so it locks what the report names, and has to look again.
  const other = new PostgresAuthority({ db: database.db, clock, defaultLimit: amount(1_000) });
  const [outcome] = await other.executeAll([{ ...settled('l1', 'elsewhere'), reservation: call }]);
  expect(outcome).toMatchObject({
    outcome: 'applied',
    reservation: { accounts: [purse.leg('alice').account, purse.leg('team').account] },
  });
  // The copy has booked it on a lease of its own; what was held here besides comes to the same.
  expect(await purse.sums('team')).toMatchObject({ settled: 10, reserved: 0 });
});
