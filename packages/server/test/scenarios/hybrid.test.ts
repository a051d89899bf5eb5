/** How budget systems fail in practice, on a real Redis deciding for a real PostgreSQL. */
import { type DurationMs, isBursarError } from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BREAKER_OPEN_MS,
  type HybridServer,
  type HybridServers,
  startHybridServers,
} from './hybrid-servers.ts';

/** Waits until the ledger has `settled` in all, and everything adds up. */
async function expectBooks({ store }: HybridServer, settled: number): Promise<void> {
  await expect
    .poll(async () => (await store.audit?.())?.settledNanoUsd, { timeout: 30_000, interval: 100 })
    .toBe(BigInt(settled));
  expect(await store.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
}

describe('with time in the test’s hands', () => {
  const clock = new ManualClock();
  let world: HybridServers;
  let one: HybridServer;
  let two: HybridServer;
  beforeAll(async () => {
    world = await startHybridServers({ clock, limit: 1_000_000 });
    [one, two] = world.servers;
  });
  afterAll(() => world?.stop());

  it('F20: a settlement after expiry is booked once, late, on any server, and replaces the estimate', async () => {
    const id = await one.purse.open('late', 500);
    await one.purse.extend(id, { dispatched: true, ttlMs: 60_000 });
    clock.advance(60_000);
    await two.store.tier.sweep(100);
    expect(await two.purse.sums('late')).toMatchObject({ settled: 500, reserved: 0 });
    expect(await two.purse.settle(id, 120)).toMatchObject({ late: true, spent: 120 });
    expect(await one.purse.settle(id, 120)).toMatchObject({ replayed: true, spent: 120 });
    expect(await one.purse.sums('late')).toMatchObject({ settled: 120, reserved: 0 });
    expect((await two.purse.ledger('late')).map(({ amount }) => amount)).toEqual([500, -380]);
  });

  it('F36: a month that ends with everything spent begins anew with the next call, and no job has run', async () => {
    const november = clock.nowMs();
    await one.purse.settle(await one.purse.open('monthly', 1_000_000), 1_000_000);
    const ask = two.purse.idNumber(8_999);
    expect(await two.purse.reserve('monthly', 1, { id: ask })).toMatchObject({
      outcome: 'denied',
    });
    clock.set(Date.UTC(2026, 11, 1, 0, 0, 3));
    const id = two.purse.idNumber(9_000);
    expect(await two.purse.reserve('monthly', 1, { id })).toMatchObject({ outcome: 'applied' });
    clock.set(november);
  });

  it('F38: a limit lowered below what is spent, and raised again, acts on the next call of the other server', async () => {
    const spent = await one.purse.open('changed', 1_000);
    await one.purse.settle(spent, 1_000);
    const open = await one.purse.open('changed', 500);
    const ask = two.purse.idNumber(9_100);
    await one.purse.setLimit('changed', 600);
    expect(await two.purse.reserve('changed', 1, { id: ask })).toMatchObject({ outcome: 'denied' });
    expect(await two.purse.sums('changed')).toMatchObject({ settled: 1_000, reserved: 500 });
    expect(await two.purse.settle(open, 400)).toMatchObject({ outcome: 'applied', spent: 400 });
    await one.purse.setLimit('changed', 1_401);
    expect(await two.purse.reserve('changed', 1, { id: ask })).toMatchObject({
      outcome: 'applied',
    });
    expect(await two.purse.reserve('changed', 1, { id: two.purse.idNumber(9_101) })).toMatchObject({
      outcome: 'denied',
    });
  });

  it('F40: empty stores accrue from the first call of the first user, without a restart', async () => {
    const fresh = await startHybridServers({ clock });
    try {
      const [first] = fresh.servers;
      await first.purse.settle(await first.purse.open('first', 100), 60);
      expect(await first.purse.sums('first')).toMatchObject({ settled: 60, reserved: 0 });
      await expectBooks(first, 60);
    } finally {
      await fresh.stop();
    }
  });
});

describe('with stores that fail', () => {
  let world: HybridServers;
  let one: HybridServer;
  let two: HybridServer;
  let number = 0;
  let settledInAll = 0;
  beforeAll(async () => {
    world = await startHybridServers({ limit: 1_000_000 });
    [one, two] = world.servers;
  });
  afterAll(() => world?.stop());

  const nextId = () => one.purse.idNumber((number += 1));

  /** One call as a client makes it: repeated with the same id until it is answered. Answers what was booked. */
  async function call(server: HybridServer, user: string, cost: number): Promise<number> {
    const id = nextId();
    const insist = async <T>(ask: () => Promise<T>): Promise<T> => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await ask();
        } catch (error) {
          if (!isBursarError(error) || !error.retryable || tries > 100) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const decision = await insist(() => server.purse.reserve(user, cost, { id }));
    if (decision.outcome !== 'applied') return 0;
    await insist(() => server.purse.settle(id, cost));
    return cost;
  }

  it('F25: replies of Redis that get lost after the script ran count once: the copies say what the ledger says', async () => {
    let settled = 0;
    for (let round = 0; round < 12; round += 1) {
      await one.toRedis.dropReplies();
      const calls = Promise.all(
        Array.from({ length: 20 }, (_, index) => call(one, `lost-${index % 4}`, 1 + index)),
      );
      await one.toRedis.replySwallowed();
      await one.toRedis.heal();
      settled += (await calls).reduce((sum, cost) => sum + cost, 0);
    }
    expect(settled).toBe(12 * 210);
    settledInAll += settled;
    await expectBooks(one, settledInAll);
    for (let user = 0; user < 4; user += 1) {
      const seen = await two.purse.sums(`lost-${user}`);
      expect(seen.settled).toBe(12 * (45 + 5 * user));
    }
  }, 120_000);

  it('F27: Redis dies under load and comes back empty: nothing over, nothing lost, and none of its commands while the breaker is open', async () => {
    const limit = 2_000;
    for (const user of ['f27-a', 'f27-b', 'f27-c']) {
      await one.purse.setLimit(user, limit);
    }
    let isOver = false;
    const spent = new Map<string, number>();
    const caller = async (index: number): Promise<void> => {
      const server = index % 2 === 0 ? one : two;
      const user = `f27-${'abc'[index % 3]}`;
      while (!isOver) {
        const cost = await call(server, user, 1 + (index % 5));
        spent.set(user, (spent.get(user) ?? 0) + cost);
        if (cost === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const callers = Array.from({ length: 12 }, (_, index) => caller(index));
    await expect.poll(() => spent.get('f27-a') ?? 0).toBeGreaterThan(50);
    await world.redis.kill();
    const modes = () => world.servers.map(({ store }) => store.modes?.mode().mode);
    await expect.poll(modes, { timeout: 10_000 }).toEqual(['redis-down', 'redis-down']);
    // It is back, and nobody knows yet: the breakers are open.
    await world.redis.restart();
    const stats = String(await world.redis.cli('INFO', 'commandstats'));
    expect({ modes: modes(), isAsked: stats.includes('cmdstat_evalsha') }).toEqual({
      modes: ['redis-down', 'redis-down'],
      isAsked: false,
    });
    await expect.poll(modes, { timeout: 10 * BREAKER_OPEN_MS }).toEqual(['hybrid', 'hybrid']);
    await expect
      .poll(() => [...spent.values()].reduce((sum, cost) => sum + cost, 0), { timeout: 60_000 })
      .toBe(3 * limit);
    isOver = true;
    await Promise.all(callers);
    expect([...spent.values()]).toEqual([limit, limit, limit]);
    settledInAll += 3 * limit;
    await expectBooks(two, settledInAll);
  }, 120_000);

  it('F31: two servers that take each other’s users in any order, with limits changing, lose no command to a deadlock', async () => {
    const users = ['f31-a', 'f31-b', 'f31-c', 'f31-d'];
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [3, 0],
      [0, 3],
      [1, 3, 2],
    ];
    let settled = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const { purse } = index % 2 === 0 ? one : two;
        const order = orders[index % orders.length] ?? [];
        const id = nextId();
        const names = order.map((user) => users[user] ?? '');
        expect(await purse.reserve(names, 5, { id })).toMatchObject({ outcome: 'applied' });
        if (index % 10 === 0) await purse.setLimit(users[index % 4] ?? '', 1_000_000 + index);
        await purse.extend(id, { dispatched: true });
        expect(await purse.settle(id, 3)).toMatchObject({ outcome: 'applied' });
        settled += 3 * names.length;
      }),
    );
    settledInAll += settled;
    await expectBooks(one, settledInAll);
  }, 60_000);

  it('F29: with both stores out of reach every path refuses as unavailable, and none hangs', async () => {
    const id = nextId();
    await one.purse.open('f29', 10, { id });
    await Promise.all([one.toRedis.cut(), one.toPostgres.cut()]);
    const refused = async (ask: () => Promise<unknown>): Promise<unknown> =>
      ask().then(
        () => 'answered',
        (error: unknown) => (isBursarError(error) ? error.status : error),
      );
    for (const ask of [
      () => one.purse.reserve('f29', 1, { id: nextId() }),
      () =>
        one.purse.execute({
          kind: 'extend',
          reservation: id,
          amount: null,
          ttlMs: 1_000 as DurationMs,
          dispatched: true,
        }),
      () => one.purse.settle(id, 10),
      () => one.purse.release(id),
      () => one.purse.setLimit('f29', 1),
      () => one.purse.sums('f29'),
      () => one.purse.ledger('f29'),
    ]) {
      expect([503, 504]).toContain(await refused(ask));
    }
    await Promise.all([one.toRedis.heal(), one.toPostgres.heal()]);
    await expect
      .poll(() => one.purse.settle(id, 10).catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({ outcome: 'applied', spent: 10 });
    settledInAll += 10;
    await expectBooks(one, settledInAll);
  }, 60_000);
});
