/** A cluster of three primaries with replicas, two servers on it, and PostgreSQL behind. */
import {
  type AccountId,
  accountId,
  type Amount,
  budgetId,
  type DurationMs,
  type Fingerprint,
  isBursarError,
  MONTHLY_UTC,
  periodAt,
  type ReservationId,
  type TenantId,
} from '@bursar/core';
import {
  freshTenant,
  type PostgresServer,
  type RedisCluster,
  startPostgres,
  startRedisCluster,
  TestPurse,
} from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { ShardKeys, shardOfTenant } from '../../src/stores/redis/redis-keys.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

const SHARDS = 16;
const LIMIT = 1_000_000;
const SCOPES = ['org', 'team', 'user', 'key'] as const;

let postgres: PostgresServer;
let cluster: RedisCluster;
let stores: Store[];

beforeAll(async () => {
  [postgres, cluster] = await Promise.all([
    startPostgres(),
    startRedisCluster({ hasReplicas: true }),
  ]);
  const databaseUrl = await postgres.createDatabase();
  stores = [];
  for (let index = 0; index < 2; index += 1) {
    stores.push(
      await openStore({
        location: {
          kind: 'hybrid',
          databaseUrl,
          redisUrl: cluster.urls,
          shards: SHARDS,
          times: {
            quarantineMs: 500,
            breakerOpenMs: 1_000,
            returnStageMs: 50,
            redisTimeoutMs: 500,
          },
        },
        defaultLimit: LIMIT as Amount,
        log: SILENT_LOG,
        clock: systemClock,
      }),
    );
  }
});
afterAll(async () => {
  for (const store of stores ?? []) await store.close();
  await Promise.all([postgres?.stop(), cluster?.stop()]);
});

/** The legs of a call that is charged to an organisation, a team, a user and a key. */
function legsOf(tenant: TenantId): { account: AccountId; period: ReturnType<typeof periodAt> }[] {
  const period = periodAt(MONTHLY_UTC, systemClock.nowMs());
  return SCOPES.map((kind) => ({
    account: accountId(budgetId(tenant, { kind, name: 'one' }), period),
    period,
  }));
}

/** A tenant whose shard is on the primary of `onShard`'s. */
function tenantOn(shard: number): TenantId {
  for (;;) {
    const tenant = freshTenant();
    if (shardOfTenant(tenant, SHARDS) === shard) return tenant;
  }
}

const keyOf = (shard: number): string => new ShardKeys('bursar', shard).meta;

/** A call from its reservation to its settlement; repeats each step with the same id while it may. */
async function call(
  store: Store,
  tenant: TenantId,
  id: ReservationId,
  cost: number,
): Promise<'settled' | 'denied'> {
  const insist = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (!isBursarError(error) || !error.retryable || tries > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const decision = await insist(() =>
    store.tier.execute({
      kind: 'reserve',
      reservation: id,
      fingerprint: `${cost}` as Fingerprint,
      legs: legsOf(tenant),
      amount: cost as Amount,
      ttlMs: 60_000 as DurationMs,
      terms: null,
    }),
  );
  if (decision.outcome !== 'applied') return 'denied';
  await insist(() =>
    store.tier.execute({
      kind: 'settle',
      reservation: id,
      cost: cost as Amount,
      final: true,
      detail: null,
    }),
  );
  return 'settled';
}

/** What each account of `tenant` says is spent, as `store` sees it. */
async function settledOf(store: Store, tenant: TenantId): Promise<number[]> {
  return Promise.all(
    legsOf(tenant).map(async ({ account }) => (await store.tier.account(account))?.settled ?? 0),
  );
}

/** Waits until each account of `tenant` says so: what was moved past the copies comes home a moment later. */
async function expectSettled(store: Store, tenant: TenantId, spent: number): Promise<void> {
  await expect
    .poll(() => settledOf(store, tenant), { timeout: 20_000, interval: 100 })
    .toEqual(SCOPES.map(() => spent));
}

async function expectBooks(): Promise<void> {
  await expect
    .poll(async () => (await stores[0]?.audit?.())?.findings, { timeout: 30_000, interval: 100 })
    .toBe(0);
}

const purseOf = (tenant: TenantId): TestPurse =>
  new TestPurse((stores[0] as Store).tier, systemClock as never, tenant);

it('F33: an org → team → user → key hold is one decision on whichever of three primaries has the tenant', async () => {
  const owners = new Set<number>();
  for (let shard = 0; shard < SHARDS; shard += 1) {
    owners.add((await cluster.ownerOf(keyOf(shard))).port);
    const tenant = tenantOn(shard);
    const purse = purseOf(tenant);
    for (const store of stores) {
      expect(await call(store, tenant, purse.id(), 100)).toBe('settled');
    }
    expect(await settledOf(stores[1] as Store, tenant)).toEqual([200, 200, 200, 200]);
  }
  expect(owners.size).toBe(3);
  for (const store of stores) expect(store.counts?.()).toMatchObject({ direct: 0, fenced: 0 });
  await expectBooks();
});

it('F33: when a primary has forgotten its scripts, the next call succeeds, on the copies', async () => {
  const [store] = stores as [Store];
  const tenant = tenantOn(3);
  const purse = purseOf(tenant);
  await call(store, tenant, purse.id(), 100);
  const before = store.counts?.()['direct'];
  for (const primary of cluster.primaries) await primary.cli('SCRIPT', 'FLUSH');
  expect(await call(store, tenant, purse.id(), 100)).toBe('settled');
  expect(store.counts?.()['direct']).toBe(before);
  expect(await settledOf(store, tenant)).toEqual([200, 200, 200, 200]);
});

/** A shard of another primary than the first shard's: what happens to it is noticed by nothing but that. */
async function shardElsewhere(): Promise<number> {
  const first = await cluster.ownerOf(keyOf(0));
  for (let shard = SHARDS - 1; shard > 0; shard -= 1) {
    if ((await cluster.ownerOf(keyOf(shard))).port !== first.port) return shard;
  }
  throw new Error('three primaries share the shards');
}

it('F33: after a slot has moved, its new primary decides the next call, as one whose data are new', async () => {
  const [store] = stores as [Store];
  const shard = await shardElsewhere();
  const tenant = tenantOn(shard);
  const purse = purseOf(tenant);
  await call(store, tenant, purse.id(), 100);
  const before = store.counts?.() ?? {};
  const from = await cluster.ownerOf(keyOf(shard));
  const to = cluster.primaries.find(({ port }) => port !== from.port);
  if (to === undefined) throw new Error('there are three');
  await cluster.moveSlotOf(keyOf(shard), to);
  expect(await call(store, tenant, purse.id(), 100)).toBe('settled');
  const after = store.counts?.() ?? {};
  const more = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  // A redirection is no failure of Redis, so nobody else had to decide.
  expect(more('direct')).toBe(0);
  expect(more('bumps')).toBeGreaterThanOrEqual(1);
  await expectSettled(store, tenant, 200);
});

it('F33: slots that move while 400 calls run lose nothing, and let nothing through twice', async () => {
  const tenants = Array.from({ length: SHARDS }, (_, shard) => tenantOn(shard));
  const cost = 1_000;
  const counts = new Map<TenantId, number>();
  let isMoving = true;
  const callers = tenants.map(async (tenant, index) => {
    const purse = purseOf(tenant);
    for (let number = 0; number < 25 || isMoving; number += 1) {
      const store = stores[(index + number) % 2] as Store;
      const answer = await call(store, tenant, purse.id(), cost);
      if (answer === 'settled') counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    }
  });
  const moves = (async () => {
    for (const shard of [0, 5, 10, 15]) {
      const owner = await cluster.ownerOf(keyOf(shard));
      const to = cluster.primaries.find(({ port }) => port !== owner.port);
      if (to !== undefined) await cluster.moveSlotOf(keyOf(shard), to);
    }
    isMoving = false;
  })();
  await Promise.all([...callers, moves]);
  for (const tenant of tenants) {
    const spent = (counts.get(tenant) ?? 0) * cost;
    expect(spent).toBeLessThanOrEqual(LIMIT);
    for (const store of stores) await expectSettled(store, tenant, spent);
  }
  await expectBooks();
}, 120_000);

it('F33: when a replica takes over, the next call succeeds without an error, and nothing is lost', async () => {
  const shard = await shardElsewhere();
  const tenant = tenantOn(shard);
  const purse = purseOf(tenant);
  const [one, two] = stores as [Store, Store];
  for (let number = 0; number < 5; number += 1) await call(one, tenant, purse.id(), 100);
  const bumps = one.counts?.()['bumps'] ?? 0;
  await cluster.failOver(keyOf(shard));
  for (const store of [one, two]) {
    const id = purse.id();
    expect(
      await store.tier.execute({
        kind: 'reserve',
        reservation: id,
        fingerprint: 'after' as Fingerprint,
        legs: legsOf(tenant),
        amount: 100 as Amount,
        ttlMs: 60_000 as DurationMs,
        terms: null,
      }),
    ).toMatchObject({ outcome: 'applied' });
    expect(
      await store.tier.execute({
        kind: 'settle',
        reservation: id,
        cost: 100 as Amount,
        final: true,
        detail: null,
      }),
    ).toMatchObject({ outcome: 'applied' });
  }
  await expectSettled(two, tenant, 700);
  await expectBooks();
  // And Redis decides again, on the new primary, whose data may lag and so count as new.
  await expect
    .poll(
      async () => {
        const before = one.counts?.()['onCopies'] ?? 0;
        await call(one, tenant, purse.id(), 100);
        return (one.counts?.()['onCopies'] ?? 0) > before;
      },
      { timeout: 30_000, interval: 100 },
    )
    .toBe(true);
  expect(one.counts?.()['bumps']).toBeGreaterThan(bumps);
}, 120_000);
