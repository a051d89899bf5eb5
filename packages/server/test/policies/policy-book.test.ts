/** How a server learns of new policies: pushed, asked for, and going on with the last when nobody answers. */
import { type InstantMs, tenantId } from '@bursar/core';
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { MemoryPolicyStore } from '../../src/policies/memory-policy-store.ts';
import { POLICY_POLL_MS, PolicyBook } from '../../src/policies/policy-book.ts';
import type { PolicyStore } from '../../src/policies/policy-store.ts';
import { builtInDocument, idleRecords, readPolicies } from '../../src/policies/read-policies.ts';
import { listenTo } from '../../src/stores/postgres/channel-listener.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import {
  POLICY_CHANNEL,
  PostgresPolicyStore,
} from '../../src/stores/postgres/postgres-policy-store.ts';
import { type Log, SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime } from '../support/manual-time.ts';
import { budget, until } from './policy-servers.ts';

const BUILT_IN = builtInDocument(null);
const ALICE = {
  tenant: tenantId('acme'),
  class: 'authenticated',
  scopes: [{ kind: 'user', name: 'alice' }],
} as const;

function setOf(version: number, more: Readonly<Record<string, unknown>> = {}) {
  const document = { version, defaults: { budgets: [budget('user', `${version}.00`)] }, ...more };
  return { version, document: JSON.stringify(document), putBy: 'test', note: null };
}

function bookOn(store: PolicyStore, time: ManualTime, log: Log = SILENT_LOG): PolicyBook {
  return new PolicyBook({ store, builtIn: BUILT_IN, time, log });
}

const versionOf = (book: PolicyBook): number => book.inForce.policies.set.version;

describe('a policy book that asks', () => {
  it('has a set that was put elsewhere in force at the next question, a second later at most', async () => {
    const time = new ManualTime();
    const behind = new MemoryPolicyStore(time);
    const book = bookOn(sharing(behind), time);
    await book.ready;
    expect(versionOf(book)).toBe(0);
    await behind.put(setOf(1), 0);
    await time.advance(POLICY_POLL_MS);
    expect(versionOf(book)).toBe(1);
    await book.stop();
    await behind.put(setOf(2), 1);
    await time.advance(10 * POLICY_POLL_MS);
    expect(versionOf(book)).toBe(1);
  });

  it('has a set in force when a question that was asked after it was put is answered, however far another one was', async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const time = new ManualTime();
      const store = new MemoryPolicyStore(time);
      const book = bookOn(store, time);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await store.put(setOf(1), 0);
      await book.refresh();
      expect([turns, versionOf(book)]).toEqual([turns, 1]);
    }
  });

  it('goes on with the last set while nobody answers, says so once, and takes the next when somebody does', async () => {
    const time = new ManualTime();
    const behind = new MemoryPolicyStore(time);
    await behind.put(setOf(1), 0);
    let isAway = false;
    const warnings: string[] = [];
    const log = {
      ...SILENT_LOG,
      warn: (_fields: object, message: string) => warnings.push(message),
    };
    const book = bookOn(
      sharing(behind, () => {
        if (isAway) throw new Error('away');
      }),
      time,
      log,
    );
    await book.ready;
    isAway = true;
    await behind.put(setOf(2), 1);
    await time.advance(5 * POLICY_POLL_MS);
    expect({ version: versionOf(book), warnings: warnings.length }).toEqual({
      version: 1,
      warnings: 1,
    });
    isAway = false;
    await time.advance(POLICY_POLL_MS);
    expect(versionOf(book)).toBe(2);
    await book.stop();
  });

  it('stays with the last set when the newest one, of a later version of Bursar, cannot be read', async () => {
    const time = new ManualTime();
    const behind = new MemoryPolicyStore(time);
    await behind.put(setOf(1), 0);
    const book = bookOn(sharing(behind), time);
    await book.ready;
    await behind.put(setOf(2, { somethingNew: true }), 1);
    await time.advance(POLICY_POLL_MS);
    expect(versionOf(book)).toBe(1);
    await book.stop();
  });
});

describe('what a caller is subject to', () => {
  it('is found once, and again when a date or a new set says something else', async () => {
    const time = new ManualTime();
    const store = new MemoryPolicyStore(time);
    const grant = {
      id: 'g',
      tenant: 'acme',
      on: { kind: 'user' },
      budget: 'credit',
      amountUsd: '1',
    };
    const from = Date.UTC(2026, 10, 20) as InstantMs;
    await store.put(setOf(1, { grants: [{ ...grant, from: '2026-11-20' }] }), 0);
    const book = bookOn(store, time);
    await book.ready;
    const first = book.resolve(ALICE, (from - 1) as InstantMs);
    expect(book.resolve(ALICE, (from - 1) as InstantMs)).toBe(first);
    const second = book.resolve(ALICE, from);
    expect(second).not.toBe(first);
    expect(second.budgets[0]?.granted).toBe(1_000_000_000);
    await store.put(setOf(2), 1);
    await book.refresh();
    expect(book.resolve(ALICE, from)).toMatchObject({ version: 2, budgets: [{ granted: 0 }] });
  });
});

describe('a set', () => {
  it('without any budget is refused, for nobody would be limited', () => {
    const document = JSON.parse(setOf(1, { defaults: { budgets: [] } }).document) as unknown;
    expect(() => readPolicies(document)).toThrow(
      expect.objectContaining({ code: 'policy_invalid', field: 'defaults.budgets' }),
    );
  });

  it('whose budget is bounded is kept strictly, which is within every bound, and says so', () => {
    const bounded = budget('user', '1', { mode: { boundedByUsd: '1' } });
    const policies = readPolicies(
      JSON.parse(setOf(1, { defaults: { budgets: [bounded] } }).document),
    );
    expect(idleRecords(policies.set)).toEqual([
      { record: 'defaults.budgets.0', message: expect.stringContaining('kept strictly') },
    ]);
  });
});

describe('a policy book that is told', () => {
  let postgres: PostgresServer;
  let url: string;
  let database: OpenedDatabase;
  let store: PostgresPolicyStore;
  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await openDatabase({ url });
    await migrate(database);
    store = new PostgresPolicyStore({
      db: database.db,
      listen: (heard) =>
        listenTo(POLICY_CHANNEL, heard, {
          url,
          // A lost connection is made again at once.
          timers: { after: (_ms, callback) => systemClock.after(1, callback) },
          log: SILENT_LOG,
        }),
    });
  }, 60_000);
  afterAll(async () => {
    await database?.close();
    await postgres?.stop();
  });

  it('has a set in force that another server put, without asking, and after the connection was lost, too', async () => {
    // Time that stands still: nothing is ever asked for.
    const book = bookOn(store, new ManualTime());
    await book.ready;
    const other = new PostgresPolicyStore({ db: database.db });
    await other.put(setOf(1), 0);
    await until(async () => versionOf(book) === 1);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'bursar-listen'`.execute(database.db);
    await other.put(setOf(2), 1);
    await until(async () => versionOf(book) === 2);
    await other.put(setOf(3), 2);
    await until(async () => versionOf(book) === 3);
    await book.stop();
    await until(async () => {
      const { rows } = await sql`
        select from pg_stat_activity where application_name = 'bursar-listen'`.execute(database.db);
      return rows.length === 0;
    });
  });
});

/** `store` as one that others put sets into, too, but of which nothing is heard. */
function sharing(store: PolicyStore, before: () => void = () => {}): PolicyStore {
  return {
    isShared: true,
    newest: async (above) => {
      before();
      return store.newest(above);
    },
    put: (...put) => store.put(...put),
    history: (limit) => store.history(limit),
  };
}
