/** Promotions as servers carry them out, on every kind of store, with two servers over the same books. */
import type { ListPromotionsOutput } from '@bursar/api';
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { type BudgetSpend, type InstantMs, parseUsd } from '@bursar/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import type { StoreLocation } from '../../src/open-store.ts';
import { MemoryPolicyStore } from '../../src/policies/memory-policy-store.ts';
import { PolicyBook } from '../../src/policies/policy-book.ts';
import {
  PROMOTION_BATCHES_MAX,
  PROMOTION_INTERVAL_MS,
  Promoter,
} from '../../src/policies/promoter.ts';
import { builtInDocument } from '../../src/policies/read-policies.ts';
import { SPEND_SCOPES_MAX, type SpendFacts } from '../../src/policies/spend-facts.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { type Bursar, createBursar } from '../../src/wiring.ts';
import { ManualTime } from '../support/manual-time.ts';
import { testPrices } from '../support/test-service.ts';
import { budget, call, THURSDAY, until } from './policy-servers.ts';

const IMAGES = process.env['BURSAR_CACHE_DIR'] ?? '';
const DAY = 86_400_000;
const PLANS = ['free', 'basic', 'pro'].map((name, index) => ({
  name,
  budgets: [
    budget('user', `${index + 1}00.00`),
    budget('user', null, { name: 'daily', period: { every: 'day', zone: 'UTC' } }),
  ],
}));
const PROMOTIONS = [
  { from: 'free', to: 'basic', spentUsd: '5.00', ageDays: 7 },
  { from: 'basic', to: 'pro', spentUsd: '20.00', ageDays: 7 },
];

interface Servers {
  readonly clock: { atMs: number };
  readonly servers: readonly Bursar[];
  /** One run of each server named, at once; resolves when all are done. */
  run(...servers: number[]): Promise<void>;
  stop(): Promise<void>;
}

/** Servers whose promotions run when a test says so. */
async function start(location: StoreLocation, count: number): Promise<Servers> {
  const clock = { atMs: THURSDAY };
  const due: ((() => void) | undefined)[] = [];
  const servers: Bursar[] = [];
  for (let index = 0; index < count; index += 1) {
    servers.push(
      await createBursar({
        store: location,
        prices: testPrices('v1'),
        sweepIntervalMs: 2_000_000_000,
        time: {
          nowMs: () => clock.atMs as InstantMs,
          after: (delayMs, callback) => {
            if (delayMs !== PROMOTION_INTERVAL_MS) return systemClock.after(delayMs, callback);
            due[index] = callback;
            return () => (due[index] = undefined);
          },
        },
      }),
    );
  }
  return {
    clock,
    servers,
    async run(...which) {
      const callbacks = which.map((index) => {
        const callback = due[index];
        due[index] = undefined;
        return callback;
      });
      for (const callback of callbacks) callback?.();
      // A run that is done has asked for the next one.
      await until(async () => which.every((index) => due[index] !== undefined));
    },
    async stop() {
      for (const server of servers) await server.close();
    },
  };
}

describe.each(['memory', 'pglite', 'postgres', 'hybrid'] as const)('promotions on %s', (kind) => {
  let postgres: PostgresServer | undefined;
  let redis: RedisServer | undefined;
  let shared: Servers;
  const api = (index = 0) => {
    const server = shared.servers[index];
    if (server === undefined) throw new Error('there is no such server');
    return server.caller({ tenant: 'acme' });
  };
  const last = () => shared.servers.length - 1;
  beforeAll(async () => {
    if (kind === 'postgres' || kind === 'hybrid') postgres = await startPostgres();
    if (kind === 'hybrid') redis = await startRedis();
  }, 120_000);
  afterAll(async () => {
    await postgres?.stop();
    await redis?.stop();
  });

  let opened = 0;
  const locationOf = async (): Promise<StoreLocation> => {
    if (kind === 'memory') return { kind };
    if (kind === 'pglite') return { kind, directory: 'memory', imageDirectory: IMAGES };
    const url = (await postgres?.createDatabase()) ?? '';
    opened += 1;
    return redis === undefined
      ? { kind: 'postgres', url }
      : { kind: 'hybrid', databaseUrl: url, redisUrl: redis.url, keyPrefix: `p${opened}` };
  };
  const fresh = async (use: () => Promise<void>): Promise<void> => {
    shared = await start(await locationOf(), kind === 'memory' || kind === 'pglite' ? 1 : 2);
    try {
      await use();
    } finally {
      await shared.stop();
    }
  };
  const assign = async (users: readonly string[]): Promise<void> => {
    await api().policies.put({
      expectedVersion: 0,
      document: {
        version: 1,
        defaults: { budgets: [budget('user', '1.00')] },
        plans: PLANS,
        promotions: PROMOTIONS,
        assignments: [
          { tenant: 'acme', plan: 'pro' },
          ...users.map((name) => ({
            tenant: 'acme',
            scope: { kind: 'user', name },
            plan: 'free',
          })),
        ],
      },
    });
    await until(async () => (await api(last()).policies.get()).version === 1);
  };
  const spend = async (user: string, usd: string) => {
    const message = call(usd, { user });
    expect(await api().meter.reserve(message)).toMatchObject({ decision: 'allowed' });
    await api().meter.settle({
      reservation: message.reservation,
      costUsd: usd,
      ack: 'ledger',
    });
  };
  const shown = async (user: string) =>
    (await api().policies.promotions({})).promotions.find(({ scope }) => scope.name === user);
  const version = async () => (await api().policies.get()).version;

  it(
    'C18: move a user in the minute in which spend and age are both reached, whichever is later, and never before; audited',
    () =>
      fresh(async () => {
        await assign(['alice', 'bob']);
        await spend('alice', '5.00');
        await spend('bob', '4.999999999');
        const dueAt = THURSDAY + 7 * DAY;
        expect(await shown('alice')).toEqual({
          tenant: 'acme',
          scope: { kind: 'user', name: 'alice' },
          plan: 'free',
          spentUsd: '5.00',
          since: new Date(THURSDAY).toISOString(),
          dueTo: null,
          because: [],
          nextAt: new Date(dueAt).toISOString(),
        });
        shared.clock.atMs = dueAt - 1;
        await shared.run(0);
        expect(await version()).toBe(1);
        // The spend is reached and the age is, at this very millisecond.
        shared.clock.atMs = dueAt;
        expect(await shown('alice')).toMatchObject({
          dueTo: 'basic',
          because: [expect.anything()],
        });
        await shared.run(0);
        const { history, document } = await api().policies.get();
        expect(history[0]).toMatchObject({
          version: 2,
          putBy: 'promotion',
          note: 'user "alice" of acme: From "free" to "basic": $5.00 or more spent, and there for 7 days or more.',
          putAt: new Date(dueAt).toISOString(),
        });
        expect(document).toMatchObject({
          assignments: [{ plan: 'pro' }, { plan: 'basic' }, { plan: 'free' }],
        });
        // The next call has the limit of the new plan, and what was spent stays.
        await spend('alice', '0.50');
        expect(await api().usage.current({ user: 'alice' })).toMatchObject({
          limitUsd: '200.00',
          settledUsd: '5.50',
        });
        // The age is reached, and now the spend is, by a billionth of a dollar.
        expect(await shown('bob')).toMatchObject({ spentUsd: '4.999999999', nextAt: null });
        await spend('bob', '0.000000001');
        await shared.run(0);
        expect(await version()).toBe(3);
        // Nothing is left to do, and nothing is done.
        await shared.run(0);
        await shared.run(0);
        expect(await version()).toBe(3);
      }),
    60_000,
  );

  it(
    'lead over several plans at once, count the largest of several budgets, and all periods of it',
    () =>
      fresh(async () => {
        await assign(['chain', 'two-budgets', 'al', 'al/ice', 'alice']);
        await spend('chain', '20.00');
        // Each call is charged to both budgets of the user in whole: that is $3.00 spent, not $6.00.
        await spend('two-budgets', '3.00');
        await spend('alice', '2.50');
        shared.clock.atMs += 3 * DAY;
        await spend('alice', '2.50');
        await spend('al/ice', '1.00');
        await api().budgets.adjust({
          user: 'two-budgets',
          budget: 'own-key',
          amountUsd: '50.00',
          key: 'k',
          reason: 'paid with a key of their own',
        });
        shared.clock.atMs += 4 * DAY;
        expect(await shown('two-budgets')).toMatchObject({ spentUsd: '3.00', dueTo: null });
        expect(await shown('al')).toMatchObject({ spentUsd: '0.00', since: null, nextAt: null });
        expect(await shown('al/ice')).toMatchObject({ spentUsd: '1.00', dueTo: null });
        expect(await shown('alice')).toMatchObject({ spentUsd: '5.00', dueTo: 'basic' });
        expect(await shown('chain')).toMatchObject({ dueTo: 'pro' });
        await shared.run(0);
        const { document, version: now, history } = await api().policies.get();
        expect(now).toBe(2);
        expect(history[0]?.note).toContain('From "free" to "basic"');
        expect(history[0]?.note).toContain('From "basic" to "pro"');
        expect(document).toMatchObject({
          assignments: ['pro', 'pro', 'free', 'free', 'free', 'basic'].map((plan) => ({ plan })),
        });
      }),
    60_000,
  );

  it(
    'of a plan that scopes have from their tenant are reported, for they move none of those',
    () =>
      fresh(async () => {
        const { problems } = await api().policies.put({
          expectedVersion: 0,
          document: {
            version: 1,
            defaults: { budgets: [budget('user', '1.00')] },
            plans: PLANS,
            promotions: PROMOTIONS,
            assignments: [{ tenant: 'acme', plan: 'free' }],
          },
        });
        await spend('alice', '5.00');
        shared.clock.atMs += 7 * DAY;
        await shared.run(0);
        expect(await version()).toBe(1);
        expect(await api().policies.promotions({})).toMatchObject({ promotions: [], next: null });
        expect(problems).toContainEqual({
          record: 'promotion from "free" to "basic"',
          message: expect.stringContaining('moves nobody who has "free" only from their tenant'),
        });
      }),
    60_000,
  );

  it(
    'count what was carried to an account of another period once',
    () =>
      fresh(async () => {
        await assign(['alice']);
        await spend('alice', '3.00');
        const { document } = await api().policies.get();
        const weekly = { period: { every: 'week', zone: 'UTC' } };
        const plans = PLANS.map(({ name }) => ({
          name,
          budgets: [budget('user', '50.00', weekly)],
        }));
        await api().policies.put({
          expectedVersion: 1,
          document: { ...(document as Record<string, unknown>), version: 2, plans },
        });
        await spend('alice', '0.50');
        // Carried, and where there are leases with the worst that they may still cost.
        const { settledUsd } = await api().usage.current({ user: 'alice' });
        expect(Number(settledUsd)).toBeGreaterThanOrEqual(3.5);
        expect(await shown('alice')).toMatchObject({ spentUsd: '3.50', dueTo: null });
      }),
    60_000,
  );

  it(
    'are shown a page at a time, and only to who operates the installation',
    () =>
      fresh(async () => {
        await assign(['a', 'b', 'c']);
        const seen: string[] = [];
        for (let from: number | null = 0; from !== null;) {
          const page: ListPromotionsOutput = await api().policies.promotions({ from, limit: 2 });
          seen.push(page.promotions.map(({ scope }) => scope.name).join());
          from = page.next;
        }
        expect(seen).toEqual(['a,b', 'c']);
        const [server] = shared.servers;
        const admin = server?.caller({ tenant: 'acme', scopes: ['admin'] });
        await expect(admin?.policies.promotions({})).rejects.toThrow(/operator/);
      }),
    60_000,
  );

  it(
    'are carried out once by servers that run at the same time',
    () =>
      fresh(async () => {
        await assign(['alice']);
        await spend('alice', '5.00');
        shared.clock.atMs += 7 * DAY;
        await shared.run(...shared.servers.keys());
        const { history } = await api().policies.get();
        expect(history.map(({ putBy }) => putBy)).toEqual(['promotion', 'in-process']);
        // The server that lost goes by what the other one put.
        expect(await api(last()).policies.get()).toMatchObject({ version: 2 });
        await shared.run(...shared.servers.keys());
        expect(await version()).toBe(2);
      }),
    60_000,
  );
});

describe('the promoter', () => {
  const SPENT: readonly BudgetSpend[] = [
    { budget: 'credit', spent: parseUsd('5.00'), firstAtMs: 0 as InstantMs },
  ];
  const open = async (users: number, spendOf: SpendFacts['spendOf']) => {
    const time = new ManualTime();
    const store = new MemoryPolicyStore(time);
    const document = (version: number, over: object = {}) =>
      JSON.stringify({
        version,
        defaults: { budgets: [budget('user', '1.00')] },
        plans: PLANS,
        promotions: PROMOTIONS,
        assignments: Array.from({ length: users }, (_, index) => ({
          tenant: 'acme',
          scope: { kind: 'user', name: `user-${index}` },
          plan: 'free',
        })),
        ...over,
      });
    const put = (version: number, over: object = {}) =>
      store.put(
        { version, document: document(version, over), putBy: 'somebody', note: null },
        version - 1,
      );
    await put(1);
    const book = new PolicyBook({ store, builtIn: builtInDocument(null), time, log: SILENT_LOG });
    const promoter = new Promoter({ book, store, spend: { spendOf }, time, log: SILENT_LOG });
    promoter.start();
    return { time, store, put, book, promoter };
  };

  it('never overwrites what somebody put meanwhile, and promotes with the next run', async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    const opened = await open(1, async (scopes) => {
      await meanwhile?.();
      meanwhile = undefined;
      return scopes.map(() => SPENT);
    });
    meanwhile = () => opened.put(2, { scopeKinds: ['desk'] });
    await opened.time.advance(PROMOTION_INTERVAL_MS);
    expect(opened.book.inForce.document).toMatchObject({ version: 2, scopeKinds: ['desk'] });
    await opened.time.advance(PROMOTION_INTERVAL_MS);
    expect(opened.book.inForce.document).toMatchObject({
      version: 3,
      scopeKinds: ['desk'],
      assignments: [{ plan: 'basic' }],
    });
  });

  it(`asks about at most ${SPEND_SCOPES_MAX} scopes at once and ${PROMOTION_BATCHES_MAX} times in a run, goes on with the next run, and keeps the note short`, async () => {
    const asked: number[] = [];
    const extra = 5;
    const opened = await open(SPEND_SCOPES_MAX * PROMOTION_BATCHES_MAX + extra, async (scopes) => {
      asked.push(scopes.length);
      return scopes.map(({ scope }) => (scope.name.endsWith('7') ? SPENT : []));
    });
    await opened.time.advance(PROMOTION_INTERVAL_MS);
    expect(asked).toEqual(Array.from({ length: PROMOTION_BATCHES_MAX }, () => SPEND_SCOPES_MAX));
    const [{ version, note } = { version: 0, note: '' }] = await opened.store.history(1);
    expect(version).toBe(2);
    expect(note?.length).toBeLessThanOrEqual(500);
    expect(note).toMatch(/^user "user-7" of acme: .* And 99\d more\.$/);
    await opened.time.advance(PROMOTION_INTERVAL_MS);
    // Those who come after the first ten thousand, one in ten of whom has left them.
    expect(asked.slice(PROMOTION_BATCHES_MAX)).toEqual([extra]);
  });

  it('asks nothing while the policies in force have no promotions, and nothing more when it is stopped', async () => {
    let asked = 0;
    const opened = await open(1, async (scopes) => {
      asked += 1;
      return scopes.map(() => []);
    });
    await opened.put(2, { promotions: [] });
    await opened.book.refresh();
    await opened.time.advance(3 * PROMOTION_INTERVAL_MS);
    expect(asked).toBe(0);
    await opened.put(3);
    await opened.book.refresh();
    await opened.time.advance(PROMOTION_INTERVAL_MS);
    expect(asked).toBe(1);
    await opened.promoter.stop();
    await opened.time.advance(3 * PROMOTION_INTERVAL_MS);
    expect(asked).toBe(1);
  });
});
