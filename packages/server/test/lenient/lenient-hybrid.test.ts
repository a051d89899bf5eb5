/** The lenient tier before Redis and PostgreSQL: it acts only when neither can, and both come out right. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Amount, SetAside } from '@bursar/core';
import { TestPurse } from '@bursar/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LenientTier } from '../../src/lenient/lenient-tier.ts';
import { SYNC_TIMES } from '../../src/sync/sync-manager.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { simBreaker } from '../simulation/sim-breaker.ts';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';
import { settled } from '../support/manual-time.ts';

let hybrid: HybridInMemory;
let tier: LenientTier;
let purse: TestPurse;
let directory: string;
let isReachable: boolean;
let setAside: readonly SetAside[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-away-'));
  setAside = [];
  isReachable = true;
  hybrid = new HybridInMemory();
  await hybrid.sync.start();
  tier = await LenientTier.open({
    behind: hybrid.tier,
    reachLedger: async () => {
      await hybrid.reachable.nowMs();
      if (!isReachable) throw new Error('not yet');
    },
    reachCopies: async () => void (await hybrid.gate.use((copies) => copies.inspect())),
    setAside: async (events) => void (setAside = [...setAside, ...events]),
    allowance: 500 as Amount,
    openMax: 100,
    callsMax: 100,
    directory,
    makeBreaker: (options) => simBreaker(options, hybrid.time),
    time: hybrid.time,
    log: SILENT_LOG,
  });
  await tier.start();
  purse = new TestPurse(tier, hybrid.time as never, hybrid.purse.tenant);
});
afterEach(async () => {
  if (setAside.length > 0) throw new Error(`set aside: ${JSON.stringify(setAside)}`);
  await tier.close();
  await rm(directory, { recursive: true, force: true });
});

const leave = (): void => {
  hybrid.copiesAre = 'unavailable';
  hybrid.authorityIs = 'unavailable';
};

/** Until everything is booked, and the copies have been told. */
async function recover(): Promise<void> {
  hybrid.copiesAre = 'no';
  hybrid.authorityIs = 'no';
  while (tier.outage !== undefined) {
    if (tier.outage.isEnding) await settled();
    else await hybrid.time.advance(100);
  }
  // Past the minute that the breaker of Redis waits, and the stages of the return.
  await hybrid.time.advance(90_000);
}

/** The user's account in the ledger. */
const ledger = (user: string) => hybrid.authority.account(purse.leg(user).account);

it('leaves it to Redis, and refuses what needs PostgreSQL, while Redis answers', async () => {
  const id = await purse.open('alice', 10);
  hybrid.authorityIs = 'unavailable';
  await purse.settle(id, 10);
  await purse.open('alice', 10);
  // Of bob there is no copy.
  await expect(purse.reserve('bob', 10)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(tier.outage).toBeUndefined();
  expect(tier.counts).toMatchObject({ alone: 0 });
  hybrid.authorityIs = 'no';
});

it('leaves it to PostgreSQL while Redis is away', async () => {
  hybrid.copiesAre = 'unavailable';
  for (let call = 0; call < 10; call += 1) await purse.settle(await purse.open('alice', 10), 10);
  expect(tier.counts).toMatchObject({ alone: 0 });
});

it('settles calls that Redis had reserved: ledger and copy agree afterwards', async () => {
  const settles = await purse.open('alice', 100);
  const releases = await purse.open('alice', 100);
  leave();
  await purse.settle(settles, 60);
  await purse.release(releases);
  const throughHere = await purse.open('alice', 50);
  await purse.settle(throughHere, 40);
  await recover();
  expect(await ledger('alice')).toMatchObject({ settled: 100, reserved: 0 });
  expect(await purse.sums('alice')).toMatchObject({ settled: 100, reserved: 0 });
  // Everything that is left can be spent: nothing is held for the calls that ended.
  expect(await purse.reserve('alice', 900)).toMatchObject({ outcome: 'applied' });
});

it('books once what Redis may hold as well, and Redis gives its part back', async () => {
  await purse.settle(await purse.open('alice', 10), 10);
  hybrid.copiesAre = 'answers lost';
  hybrid.authorityIs = 'unavailable';
  const settles = await purse.open('alice', 100);
  const goesOn = await purse.open('alice', 50);
  await purse.extend(goesOn, { dispatched: true });
  await purse.settle(settles, 70);
  expect(tier.outage).toMatchObject({ used: 120 });
  await recover();
  await purse.settle(goesOn, 30);
  await hybrid.sync.bringHome(0);
  await hybrid.time.advance(120_000);
  await tier.sweep(100);
  await hybrid.sync.bringHome(0);
  await hybrid.sync.keepHouse();
  expect(await ledger('alice')).toMatchObject({ settled: 110, reserved: 0 });
  expect(await purse.sums('alice')).toMatchObject({ settled: 110, reserved: 0 });
});

it('keeps its settlements although Redis comes back empty', async () => {
  const id = await purse.open('alice', 100);
  await purse.extend(id, { dispatched: true });
  leave();
  await purse.settle(id, 80);
  hybrid.loseCopies();
  await recover();
  await hybrid.sync.keepHouse();
  expect(await ledger('alice')).toMatchObject({ settled: 80 });
});

it('books on what it saw what every store has forgotten since', async () => {
  const id = await purse.open('alice', 100);
  leave();
  await purse.execute({
    kind: 'settle',
    reservation: id,
    cost: 80 as Amount,
    final: true,
    // Whatever its caller says now.
    adopt: { legs: [purse.leg('somebody-else')], terms: null },
    detail: null,
  });
  hybrid.loseCopies();
  // As after a restart: of this process only the journal knows the call.
  hybrid.tier.calls.drop(id);
  await recover();
  expect(await ledger('alice')).toMatchObject({ settled: 80 });
});

it('lets nobody free a lease that a settlement in its journal may spend', async () => {
  hybrid.carriedSinceMs = () => tier.carriedSinceMs;
  const id = await purse.open('alice', 100, { ttlMs: 1_000 });
  leave();
  await purse.settle(id, 80);
  expect(tier.carriedSinceMs).toBe(0);
  // The stores are back, Redis without its data, and nothing is booked yet.
  isReachable = false;
  hybrid.loseCopies();
  hybrid.copiesAre = 'no';
  hybrid.authorityIs = 'no';
  await hybrid.time.advance(10_000);
  await hybrid.gate.handshake(true);
  await hybrid.time.advance(4 * SYNC_TIMES.quarantineMs);
  expect(hybrid.sync.counts).toMatchObject({ closed: 0 });
  isReachable = true;
  await recover();
  expect(tier.carriedSinceMs).toBeUndefined();
  expect(hybrid.sync.counts).toMatchObject({ closed: 1 });
  expect(await ledger('alice')).toMatchObject({ settled: 80, leased: 0 });
});
