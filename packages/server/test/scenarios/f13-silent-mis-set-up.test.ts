/** A Redis that would lose money is refused at the start, and left when it becomes one, with its own message and fix. */
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bursar, createBursar, createLog } from '../../src/index.ts';

let postgres: PostgresServer;
let evicting: RedisServer;
beforeAll(async () => {
  [postgres, evicting] = await Promise.all([
    startPostgres(),
    startRedis({ maxmemoryPolicy: 'allkeys-lru' }),
  ]);
});
afterAll(() => Promise.all([postgres?.stop(), evicting?.stop()]));

const start = async (redisUrl: string) =>
  createBursar({
    store: { kind: 'hybrid', databaseUrl: await postgres.createDatabase(), redisUrl },
  });

it('F13: a Redis that may evict any key is refused, naming the setting and what to set', async () => {
  await expect(start(evicting.url)).rejects.toThrow(/allkeys-lru.*Set it to noeviction/);
});

it('F13: the same Redis is accepted once it keeps what has no time to live', async () => {
  await evicting.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  const bursar = await start(evicting.url);
  await bursar.close();
});

it('F13: a Redis that begins to evict is left by every server, which says why, and gone back to when it keeps what it has; no cent is lost with what it evicted', async () => {
  let logged = '';
  const log = createLog({ level: 'warn', destination: { write: (line) => (logged += line) } });
  const databaseUrl = await postgres.createDatabase();
  const store = {
    kind: 'hybrid',
    databaseUrl,
    redisUrl: evicting.url,
    keyPrefix: 'changes',
    times: { checkEveryMs: 100, returnStageMs: 50, quarantineMs: 500 },
  } as const;
  const servers: Bursar[] = [];
  try {
    for (let server = 0; server < 2; server += 1) servers.push(await createBursar({ store, log }));
    const urls = await Promise.all(servers.map((server) => server.listen()));
    const readiness = () =>
      Promise.all(urls.map(async (url) => (await fetch(`${url}/readyz`)).json()));
    const everyReadiness = (report: object) =>
      expect.poll(readiness, { timeout: 20_000 }).toMatchObject(urls.map(() => report));
    const [one, two] = servers.map((server) => server.caller({ tenant: 'acme' }));
    if (one === undefined || two === undefined) throw new Error('no servers');
    const idOf = (number: number) => `019a0000-0000-7000-8000-${String(number).padStart(12, '0')}`;
    const reserve = (caller: typeof one, number: number, amountUsd: string) =>
      caller.meter.reserve({
        reservation: idOf(number),
        user: 'alice',
        model: 'gpt-4o',
        amountUsd,
      });
    const settle = (caller: typeof one, number: number, costUsd: string) =>
      caller.meter.settle({ reservation: idOf(number), costUsd });
    const keys = async () => (await evicting.cli('KEYS', 'changes:*')) as string[];

    await reserve(one, 1, '1.00');
    await reserve(two, 2, '1.00');
    await settle(one, 1, '0.70');
    await evicting.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await everyReadiness({
      status: 'ready',
      mode: 'redis-down',
      reason: expect.stringMatching(/PostgreSQL decides.*allkeys-lru.*Set it to noeviction/),
    });
    expect(logged.match(/allkeys-lru/g)).toHaveLength(2);

    // What the policy allows: all but the key that says which data these are.
    await evicting.cli('DEL', ...(await keys()).filter((key) => !key.endsWith(':meta')));
    await settle(two, 2, '0.60');
    expect(await reserve(one, 3, '1.00')).toMatchObject({
      decision: 'allowed',
      mode: { mode: 'redis-down', reason: expect.stringContaining('allkeys-lru') },
    });
    await settle(one, 3, '0.50');
    expect((await keys()).filter((key) => key.includes(':usage:'))).toEqual([]);

    await evicting.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await everyReadiness({ mode: 'hybrid', reason: null });
    let number = 3;
    await expect
      .poll(
        async () => {
          await reserve(one, (number += 1), '0.01');
          await settle(one, number, '0');
          return (await keys()).filter((key) => key.includes(':usage:'));
        },
        { timeout: 20_000 },
      )
      .toHaveLength(1);
    // $5.00 less the three calls that were settled: all of it is there once the leases of before are given back.
    expect(await reserve(two, 1_000, '3.21')).toMatchObject({ decision: 'denied' });
    await expect
      .poll(() => reserve(two, (number += 1), '3.20'), { timeout: 20_000 })
      .toMatchObject({ decision: 'allowed' });
    await settle(two, number, '0');
    await expect
      .poll(async () => (await servers[0]?.audit?.())?.settledNanoUsd, { timeout: 20_000 })
      .toBe(1_800_000_000n);
    expect(await servers[0]?.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  } finally {
    for (const server of servers) await server.close();
  }
}, 120_000);

it('a Redis that is away does not keep the server from starting: PostgreSQL decides', async () => {
  await evicting.kill();
  const bursar = await start(evicting.url);
  try {
    const caller = bursar.caller({ tenant: 'acme' });
    const decision = await caller.meter.reserve({
      reservation: '019a0000-0000-7000-8000-000000000001',
      user: 'alice',
      model: 'gpt-4o',
      amountUsd: '0.10',
    });
    expect(decision).toMatchObject({ decision: 'allowed', mode: { mode: 'redis-down' } });
  } finally {
    await bursar.close();
  }
}, 60_000);
