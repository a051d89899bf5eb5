/**
 * F45 Credit, then the user's own key: on two servers over one real Redis and one real PostgreSQL, with calls that come
 * at once while the credit runs out.
 */
import type { InstantMs } from '@bursar/core';
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { FRESH_MS } from '../../src/own-keys/known-keys.ts';
import { openDatabase, type OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import { createLog } from '../../src/telemetry/logger.ts';
import { type Bursar, createBursar } from '../../src/wiring.ts';
import { ringTextOf } from '../own-keys/ring-for-test.ts';
import { idOf, testPrices } from '../support/test-service.ts';

const KEY = 'sk-proj-canary~0123456789~abcdefghij';
const TENANT = 'acme';
const user = 'alice';
const BURST = 40;
/** Twenty calls of five cents fit the credit. */
const FIT = 20;

let postgres: PostgresServer;
let redis: RedisServer;
let database: OpenedDatabase;
let servers: readonly [Bursar, Bursar];
let atMs = Date.UTC(2026, 10, 30, 23);
let ids = 0;
const told: string[] = [];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const databaseUrl = await postgres.createDatabase();
  const open = (): Promise<Bursar> =>
    createBursar({
      store: { kind: 'hybrid', databaseUrl, redisUrl: redis.url },
      defaultLimitUsd: '1.00',
      prices: testPrices('v1'),
      ownKeySecrets: ringTextOf('k1'),
      sweepIntervalMs: 2_000_000_000,
      log: createLog({
        level: 'debug',
        destination: { write: (line) => void told.push(line) },
        secrets: [],
      }),
      time: { nowMs: () => atMs as InstantMs, after: systemClock.after },
    });
  servers = [await open(), await open()];
  database = await openDatabase({ url: databaseUrl });
}, 120_000);
afterAll(async () => {
  await database?.close();
  await Promise.all((servers ?? []).map((server) => server.close()));
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

const as = (server: 0 | 1) => servers[server].caller({ tenant: TENANT });
/** Keeps what is answered, for what must not be in it. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  const answer = await asked;
  told.push(JSON.stringify(answer));
  return answer;
}
function reserve(server: 0 | 1, amountUsd = '0.05') {
  ids += 1;
  const reservation = idOf(ids);
  const message = { reservation, user, provider: 'openai', model: 'test-model', amountUsd };
  return answered(as(server).meter.reserve({ ...message, mayUseOwnKey: true }));
}
const shown = (budget: string) =>
  answered(as(1).usage.current({ user, ...(budget === 'credit' ? {} : { budget }) }));
/** After this no server may go by what it knew of own keys before. */
const afterASecond = () => (atMs += FRESH_MS + 1);
const both = [0, 1] as const;

describe('F45 Credit, then the user’s own key', () => {
  let keyId: string;
  const reservations: { readonly id: string; readonly source: string }[] = [];

  it(`of ${BURST} calls at once the service pays those that fit, never over, and the key each other one`, async () => {
    keyId = (await answered(as(0).keys.register({ user, key: KEY }))).id;
    afterASecond();
    const answers = await Promise.all(
      Array.from({ length: BURST }, (_, index) => reserve((index % 2) as 0 | 1)),
    );
    for (const answer of answers) {
      if (answer.decision !== 'allowed') throw new Error(answer.message);
      reservations.push({ id: answer.reservation, source: answer.funding.source });
      const [budget, ...others] = answer.budgets;
      expect(others).toEqual([]);
      const isOwn = answer.funding.source === 'own_key';
      expect(budget?.budget).toBe(isOwn ? 'own-key' : 'credit');
      if (isOwn) expect(answer.funding).toEqual({ source: 'own_key', provider: 'openai', keyId });
    }
    expect(reservations.filter(({ source }) => source === 'service')).toHaveLength(FIT);
    expect(await shown('credit')).toMatchObject({ reservedUsd: '1.00', availableUsd: '0.00' });
    expect(await shown('own-key')).toMatchObject({ reservedUsd: '1.00', limitUsd: null });
  });

  it('what the key pays is tracked apart and lowers no credit; by source it adds up to the ledger', async () => {
    // Ended on the other server than the one that reserved it.
    await Promise.all(
      reservations.map(({ id, source }, index) =>
        answered(
          as(index % 2 === 0 ? 1 : 0).meter.settle({
            reservation: id,
            costUsd: source === 'service' ? '0.04' : '0.03',
          }),
        ),
      ),
    );
    expect(await shown('credit')).toMatchObject({ settledUsd: '0.80', reservedUsd: '0.00' });
    expect(await shown('own-key')).toMatchObject({ settledUsd: '0.60', reservedUsd: '0.00' });
    await expect
      .poll(async () => (await servers[0].audit?.())?.settledNanoUsd, { timeout: 30_000 })
      .toBe(1_400_000_000n);
    const { rows } = await sql<{ source: string; key: string | null; calls: bigint; nano: bigint }>`
      select coalesce(detail ->> 'funding', 'service') as source, detail ->> 'ownKey' as key,
        count(*) as calls, sum(amount_nano_usd)::bigint as nano
      from ledger_entries where kind = 'settle' group by 1, 2 order by 1`.execute(database.db);
    expect(rows).toEqual([
      { source: 'own_key', key: keyId, calls: BigInt(BURST - FIT), nano: 600_000_000n },
      { source: 'service', key: null, calls: BigInt(FIT), nano: 800_000_000n },
    ]);
    expect(await servers[1].audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  });

  it('the service pays again when the credit returns: by a higher limit, and with the next month', async () => {
    expect(await reserve(0, '0.50')).toMatchObject({ funding: { source: 'own_key' } });
    await answered(as(1).limits.set({ user, limitUsd: '2.00' }));
    expect(await reserve(0, '0.50')).toMatchObject({ funding: { source: 'service' } });
    expect(await reserve(1, '0.70')).toMatchObject({ funding: { source: 'service' } });
    expect(await reserve(0, '0.50')).toMatchObject({ funding: { source: 'own_key' } });
    atMs = Date.UTC(2026, 11, 1, 0, 0, 1);
    for (const server of both) {
      expect(await reserve(server, '1.00')).toMatchObject({
        funding: { source: 'service' },
        budgets: [{ budget: 'credit', period: '2026-12' }],
      });
      expect(await reserve(server, '1.50')).toMatchObject({ funding: { source: 'own_key' } });
    }
  });

  it('a key that was rejected or revoked on one server pays on none after a second', async () => {
    await answered(as(1).keys.reject({ user, id: keyId, reason: 'invalid' }));
    afterASecond();
    for (const server of both) {
      expect(await reserve(server)).toMatchObject({
        reason: 'budget_exhausted',
        ownKey: { state: 'rejected', provider: 'openai' },
      });
    }
    await answered(as(0).keys.register({ user, key: `${KEY}-next` }));
    afterASecond();
    for (const server of both) {
      expect(await reserve(server)).toMatchObject({ funding: { source: 'own_key' } });
    }
    await answered(as(0).keys.revoke({ user }));
    afterASecond();
    for (const server of both) {
      expect(await reserve(server)).toMatchObject({
        reason: 'budget_exhausted',
        ownKey: { state: 'none', howToAdd: expect.stringContaining('keys.register') as string },
      });
    }
  });

  it('nothing of the key is in a log, an answer or any table', async () => {
    const { rows: tables } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables
      where table_schema = current_schema()`.execute(database.db);
    let dump = told.join('\n');
    for (const { name } of tables) {
      const { rows } = await sql<{ line: string }>`
        select t::text as line from ${sql.table(name)} t`.execute(database.db);
      dump += rows.map(({ line }) => `${name} ${line}\n`).join('');
    }
    expect(dump).toContain('own_keys (');
    expect(dump).toContain('ledger_entries (');
    for (const secret of [Buffer.from(KEY), Buffer.from(KEY.slice(8, 24))]) {
      for (const encoding of ['latin1', 'hex', 'base64'] as const) {
        expect(dump).not.toContain(secret.toString(encoding).replace(/=+$/, ''));
      }
    }
  });
});
