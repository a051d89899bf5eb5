/** F29, lenient: with a real Redis and a real PostgreSQL both gone, a server's callers are served, and nothing is lost. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Allowed, Denied, SettleOutput } from '@bursar/api';
import { systemClock } from '../../src/clock/system-clock.ts';
import { tenantId } from '@bursar/core';
import {
  type FaultProxy,
  type PostgresServer,
  type RedisServer,
  startFaultProxy,
  startPostgres,
  startRedis,
} from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBursar, makeServiceToken } from '../../src/index.ts';
import { serve, type Served, TOKEN } from './serve.ts';

const MODEL = 'gpt-4o';

let postgres: PostgresServer;
let redis: RedisServer;
let toPostgres: FaultProxy;
let directory: string;
let databaseUrl: string;
let served: Served;
let serviceToken: string;
/** What was acknowledged as spent, in nano-USD. */
let spent = 0n;

beforeAll(async () => {
  [postgres, redis, directory] = await Promise.all([
    startPostgres(),
    startRedis(),
    mkdtemp(join(tmpdir(), 'bursar-f29-')),
  ]);
  databaseUrl = await postgres.createDatabase();
  toPostgres = await startFaultProxy({
    host: '127.0.0.1',
    port: Number(new URL(databaseUrl).port),
  });
  const bursar = await createBursar({ store: { kind: 'postgres', url: databaseUrl } });
  const made = makeServiceToken({
    tenant: tenantId('default'),
    name: 'f29',
    scopes: ['meter', 'read', 'admin'],
    nowMs: systemClock.nowMs(),
  });
  await bursar.tokens.add(made.record);
  await bursar.close();
  serviceToken = made.token;
  served = await start();
});
afterAll(async () => {
  await served?.kill();
  await toPostgres?.stop();
  await Promise.all([postgres?.stop(), redis?.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const start = (): Promise<Served> =>
  serve({
    DATABASE_URL: Object.assign(new URL(databaseUrl), { port: String(toPostgres.port) }).href,
    REDIS_URL: redis.url,
    BURSAR_DATA_DIR: directory,
    BURSAR_WHEN_AWAY: 'allow',
    BURSAR_ALLOWANCE_USD: '1.00',
    BURSAR_LOG_LEVEL: 'silent',
  });

interface Answered<Data> {
  readonly status: number;
  readonly data: Data;
  readonly error: { readonly message: string } | undefined;
}

async function ask<Data>(
  procedure: string,
  input: object,
  { token = serviceToken, method = 'POST' } = {},
): Promise<Answered<Data>> {
  const query = method === 'GET' ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
  const response = await fetch(`${served.procedures}/${procedure}${query}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: JSON.stringify(input) } : {}),
  });
  const body = (await response.json()) as {
    result?: { data: Data };
    error?: { message: string };
  };
  return { status: response.status, data: body.result?.data as Data, error: body.error };
}

const reserve = (
  user: string,
  amountUsd: string,
  reservation = randomUUID(),
  token = serviceToken,
) =>
  ask<Allowed | Denied>('meter.reserve', { reservation, user, model: MODEL, amountUsd }, { token });

async function settle(
  user: string,
  reservation: string,
  nanoUsd: bigint,
  token = serviceToken,
): Promise<SettleOutput> {
  const costUsd = `0.${String(nanoUsd).padStart(9, '0')}`;
  const call = { user, model: MODEL };
  const answer = await ask<SettleOutput>('meter.settle', { reservation, costUsd, call }, { token });
  expect(answer).toMatchObject({ status: 200, data: { outcome: 'settled' } });
  if (!answer.data.replayed) spent += nanoUsd;
  return answer.data;
}

async function allowed(user: string, amountUsd: string, token = serviceToken): Promise<string> {
  const reservation = randomUUID();
  const answer = await reserve(user, amountUsd, reservation, token);
  expect(answer).toMatchObject({ status: 200, data: { decision: 'allowed' } });
  return reservation;
}

const readiness = async () => {
  const response = await fetch(`${served.url}/readyz`);
  return { http: response.status, ...((await response.json()) as { readonly mode: string }) };
};

const untilMode = (pattern: RegExp) =>
  expect
    .poll(async () => (await readiness()).mode, { timeout: 40_000, interval: 100 })
    .toMatch(pattern);

/** Audits the ledger itself, past the server. */
async function expectBooks(): Promise<void> {
  const bursar = await createBursar({ store: { kind: 'postgres', url: databaseUrl } });
  try {
    await expect
      .poll(async () => (await bursar.audit?.())?.settledNanoUsd, {
        timeout: 30_000,
        interval: 200,
      })
      .toBe(spent);
    expect(await bursar.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  } finally {
    await bursar.close();
  }
}

const LENIENT = { mode: 'lenient', worstOverspendUsd: '1.00' };

it('F29: both stores are killed: calls go on within the allowance, the server is killed too, and every cent is booked', async () => {
  // Reserved by the stores, and still running when they go.
  const running = await allowed('alice', '0.10');
  const unheard = await allowed('bob', '0.10');
  await settle('alice', await allowed('alice', '0.10'), 90_000_000n);
  expect((await readiness()).mode).toBe('hybrid');
  // Redis and the server both die in what follows: what only they know is lost with them, in every mode.
  await expectBooks();

  await Promise.all([redis.kill(), postgres.kill()]);
  // The very first call is answered, and says on what terms.
  const first = await reserve('alice', '0.20');
  expect(first).toMatchObject({ status: 200, data: { decision: 'allowed', mode: LENIENT } });
  expect(await readiness()).toMatchObject({ http: 200, status: 'ready', ...LENIENT });
  const id = first.data.decision === 'allowed' ? first.data.reservation : '';
  expect(
    await ask('meter.extend', { reservation: id, amountUsd: '0.30', dispatched: true }),
  ).toMatchObject({ status: 200, data: { decision: 'allowed', heldUsd: '0.30', mode: LENIENT } });
  expect(await settle('alice', id, 250_000_000n)).toMatchObject({ mode: LENIENT });
  expect(await settle('alice', running, 70_000_000n)).toMatchObject({ mode: LENIENT });
  const released = await allowed('carol', '0.10');
  expect(await ask('meter.release', { reservation: released })).toMatchObject({ status: 200 });
  const open = await allowed('bob', '0.40');
  // 0.25 are spent and 0.40 are open: 0.36 are too much.
  const refused = await reserve('carol', '0.36');
  expect(refused).toMatchObject({
    status: 503,
    error: { message: expect.stringContaining('$1.00') },
  });
  await settle('carol', await allowed('carol', '0.35'), 350_000_000n);
  expect((await reserve('dave', '0.01')).status).toBe(503);
  // What only a store can do or know is refused, and nothing hangs.
  expect((await ask('limits.set', { user: 'alice', limitUsd: '1.00' })).status).toBe(503);
  expect((await ask('usage.history', { user: 'alice' }, { method: 'GET' })).status).toBe(503);
  expect(await ask('usage.current', { user: 'alice' }, { method: 'GET' })).toMatchObject({
    status: 200,
    data: { limitUsd: '5.00' },
  });

  await served.kill();
  // No secret is left lying about.
  for (const file of await readdir(join(directory, 'away'))) {
    const text = await readFile(join(directory, 'away', file), 'utf8');
    for (const secret of [TOKEN, serviceToken.slice(-43), new URL(databaseUrl).password]) {
      expect(text).not.toContain(secret);
    }
  }
  served = await start();
  // It has not seen this token, and cannot look it up.
  expect((await reserve('dave', '0.01')).status).toBe(503);
  expect(await readiness()).toMatchObject({ http: 200, ...LENIENT });
  expect(await settle('alice', id, 250_000_000n, TOKEN)).toMatchObject({ replayed: true });
  expect((await reserve('dave', '0.01', randomUUID(), TOKEN)).status).toBe(503);
  await settle('bob', open, 150_000_000n, TOKEN);
  const late = await allowed('dave', '0.20', TOKEN);

  await Promise.all([redis.restart(), postgres.restart()]);
  await untilMode(/^hybrid$/);
  expect(await readiness()).toMatchObject({ worstOverspendUsd: '0.00' });
  expect(await settle('dave', late, 120_000_000n)).toMatchObject({
    late: false,
    mode: { mode: 'hybrid' },
  });
  await settle('bob', unheard, 10_000_000n);
  await expectBooks();
}, 120_000);

it('F29: both stores fall silent: only the first calls wait, within seconds, and all is booked when they answer again', async () => {
  const running = await allowed('erin', '0.10');
  redis.pause();
  await toPostgres.blackhole();
  const askedMs = performance.now();
  const first = await Promise.all([reserve('erin', '0.10'), reserve('frank', '0.10')]);
  const waitedMs = performance.now() - askedMs;
  for (const answer of first) {
    expect(answer).toMatchObject({ status: 200, data: { decision: 'allowed', mode: LENIENT } });
  }
  // Less than what a client waits for an answer.
  expect(waitedMs).toBeLessThan(5_000);
  const nextMs = performance.now();
  await settle('erin', running, 60_000_000n);
  for (let call = 0; call < 5; call += 1) {
    await settle('erin', await allowed('erin', '0.05'), 40_000_000n);
  }
  expect(performance.now() - nextMs).toBeLessThan(2_000);
  redis.resume();
  await toPostgres.heal();
  await untilMode(/^(hybrid|redis-down)$/);
  for (const [index, answer] of first.entries()) {
    const id = answer.data.decision === 'allowed' ? answer.data.reservation : '';
    await settle(index === 0 ? 'erin' : 'frank', id, 30_000_000n);
  }
  await expectBooks();
  // Nothing is left to book.
  const left = await readdir(join(directory, 'away'));
  expect(left.filter((name) => name.endsWith('.jsonl'))).toEqual([]);
}, 120_000);
