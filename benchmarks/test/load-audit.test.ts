/** The audit of a load run, on real books: that it finds what is wrong with them. */
import {
  type Amount,
  type DurationMs,
  type Fingerprint,
  reservationId,
  type TenantId,
  type Tier,
} from '@bursar/core';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../packages/server/src/clock/system-clock.ts';
import { openStore, type Store } from '../../packages/server/src/open-store.ts';
import { SILENT_LOG } from '../../packages/server/src/telemetry/logger.ts';
import { auditOurs, isMoneyRight, untilHome } from '../src/load/audit-load.ts';
import { CallLog } from '../src/load/call-log.ts';
import { idOf } from '../src/load/names.ts';
import { costOf, holdOf, type PlannedCall, Workload } from '../src/load/workload.ts';
import { legsOfUsers, LIMIT } from '../src/subjects/pairs.ts';
import { openHybridOn, startStores, type Stores } from '../src/subjects/stores.ts';

const workload = new Workload({
  name: 'it',
  title: 'It',
  phases: [{ name: 'steady', seconds: 1, perSecond: 20 }],
  population: { users: 1, zipf: 0, runsOut: false },
  seed: 1,
  directPool: 1,
});
const calls = [...workload].filter(({ end }) => end === 'settled').slice(0, 5);
const [leg] = legsOfUsers(1, Date.now());

let stores: Stores;
let databaseUrl = '';
let store: Store;

beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());
beforeEach(async () => {
  databaseUrl = await stores.postgres.createDatabase();
  await stores.redis.cli('FLUSHALL');
  store = await openHybridOn({ ...stores, databaseUrl });
});

async function book(tier: Tier, call: PlannedCall, cost = costOf(call)): Promise<void> {
  if (leg === undefined) throw new Error('there is no user');
  const reservation = reservationId('bench' as TenantId, idOf(call.index));
  await tier.execute({
    kind: 'reserve',
    reservation,
    fingerprint: 'bench' as Fingerprint,
    legs: [leg],
    amount: holdOf(call) as Amount,
    ttlMs: 60_000 as DurationMs,
    terms: {},
  });
  if (cost > 0) {
    await tier.execute({
      kind: 'settle',
      reservation,
      cost: cost as Amount,
      final: true,
      detail: {},
    });
  }
}

/** What the audit says if the generator has made all of `calls`. */
async function audited() {
  await store.close();
  const log = new CallLog(workload.size);
  for (const { index } of calls) log.ended(index, 'settled', { bookMs: 0 });
  return auditOurs(databaseUrl, workload, log.columns);
}

test('books that have every call once, at its cost, are right', async () => {
  for (const call of calls) await book(store.tier, call);

  const report = await audited();

  expect(isMoneyRight(report)).toBe(true);
  expect(report.made).toBe(BigInt(calls.reduce((sum, call) => sum + costOf(call), 0)));
});

test('a call that was made and is not in them is lost, and one that is too dear is invented', async () => {
  const [missing, dear, ...others] = calls;
  if (missing === undefined || dear === undefined) throw new Error('there are too few calls');
  await book(store.tier, dear, costOf(dear) + 7);
  for (const call of others) await book(store.tier, call);

  const report = await audited();

  expect(report).toMatchObject({ lost: BigInt(costOf(missing)), duplicated: 7n, overspent: 0n });
  expect(isMoneyRight(report)).toBe(false);
});

test('what is still set aside is told, in Redis and in the ledger', async () => {
  const [open] = calls;
  if (open === undefined) throw new Error('there are too few calls');
  await book(store.tier, open, 0);

  expect(await untilHome({ ...stores, databaseUrl }, 0n, 0)).toBe(1);

  await store.close();
  databaseUrl = await stores.postgres.createDatabase();
  store = await openStore({
    location: { kind: 'postgres', url: databaseUrl },
    defaultLimit: LIMIT,
    log: SILENT_LOG,
    clock: systemClock,
  });
  await book(store.tier, open, 0);
  const report = await audited();

  expect(report).toMatchObject({ leftHeld: BigInt(holdOf(open)), lost: expect.any(BigInt) });
  expect(isMoneyRight(report)).toBe(false);
});

test('books whose sums contradict their entries are not right, though every call is there', async () => {
  for (const call of calls) await book(store.tier, call);
  await store.close();
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('update accounts set settled_nano_usd = settled_nano_usd + 1');
  await client.end();

  const report = await audited();

  expect(report).toMatchObject({ lost: 0n, duplicated: 0n });
  expect(report.findings.length).toBeGreaterThan(0);
  expect(isMoneyRight(report)).toBe(false);
});
