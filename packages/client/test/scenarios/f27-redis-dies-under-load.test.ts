/**
 * Redis dies under an open load of 500 calls a second and comes back empty. Two servers, each a process of
 * its own, on real stores; every call is made over HTTP, and settled on either of them.
 *
 * Redis is away for 3 seconds, and the servers' breakers are open for 2. With BURSAR_TEST_F27=full it is
 * away for a minute, and breakers and the staged return take their time as they do in production: some three
 * minutes. How long calls waited is printed, not judged: that depends on the machine.
 */
import { randomUUID } from 'node:crypto';
import { formatUsd, isBursarError } from '@bursar/core';
import { createBursar } from '@bursar/server';
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@bursar/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bursar, connect } from '../../src/connect.ts';
import { chargeOf, historyOf } from '../support/expect-books.ts';
import { nanoUsd } from '../support/nano-usd.ts';
import { startOpenLoop } from '../support/open-loop.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { commandsSoFar, expectOnlyProbesFirst, scriptsRun } from './redis-commands.ts';
import { startServer } from './start-server.ts';
import { waitingTimes } from './waiting-times.ts';

const IS_FULL = process.env['BURSAR_TEST_F27'] === 'full';
const CALLS_PER_SECOND = 500;
const BEFORE_CALLS = 3 * CALLS_PER_SECOND;
const DOWN_CALLS = (IS_FULL ? 60 : 3) * CALLS_PER_SECOND;
const AFTER_CALLS = 3 * CALLS_PER_SECOND;
/** Killing Redis resets its connections; that a busy machine is late must not look like that. */
const TIMES = IS_FULL
  ? {}
  : { quarantineMs: 500, breakerOpenMs: 2_000, returnStageMs: 200, redisTimeoutMs: 10_000 };
const REQUEST_MS_MAX = 60_000;
const RETURN_MS_MAX = IS_FULL ? 200_000 : 60_000;

/** Set aside for every call; it costs between nothing and this. nano-USD. */
const HOLD = 1_000;
/** Half of the calls are made by users who come and go, each with 25 calls of which about half fit. */
const USERS_AT_ONCE = 20;
const CALLS_OF_USER = 25;
const LIMIT = 6_000;
/** The others by users who stay, and reach their limits after the return. */
const STEADY_USERS = 5;
const STEADY_LIMIT =
  (HOLD / 2) * Math.floor((BEFORE_CALLS + DOWN_CALLS + AFTER_CALLS) / 2 / STEADY_USERS);
/** Longest answer of the provider, in milliseconds. */
const PROVIDER_MS_MAX = 150;
const TOKEN = 'a-token-for-tests-only-0123456789abcdef';
const MODEL = 'gpt-4o';

/** One call, as whoever makes it and the provider know it. */
interface Call {
  readonly reservation: string;
  readonly user: string;
  readonly cost: number;
  readonly dueAtMs: number;
  /** From when it was due until it was decided, in milliseconds. */
  waitedMs: number;
  /** `unknown`: Bursar gave no answer. */
  decision: 'allowed' | 'denied' | 'unknown';
  isSettled: boolean;
}

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let clients: readonly [Bursar, Bursar];
let stopServers = async (): Promise<void> => {};

beforeAll(async () => {
  [postgres, redis] = await Promise.all([
    startPostgres(),
    // It remembers every command, until it is told not to.
    startRedis({ config: { 'slowlog-log-slower-than': '0', 'slowlog-max-len': '1000000' } }),
  ]);
  databaseUrl = await postgres.createDatabase();
  const options = {
    store: { kind: 'hybrid', databaseUrl, redisUrl: redis.url, times: TIMES },
    token: TOKEN,
    limitUsd: usd(LIMIT),
  } as const;
  // One after the other: the first makes the tables.
  const servers = [await startServer(options), await startServer(options)] as const;
  const clientOf = (server: number): Bursar =>
    connect({ url: servers[server]?.url ?? '', token: TOKEN, requestMsMax: REQUEST_MS_MAX });
  clients = [clientOf(0), clientOf(1)];
  stopServers = async () => {
    for (const { stop } of servers) await stop();
  };
});
afterAll(async () => {
  await stopServers();
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

test(
  `F27: Redis killed under ${CALLS_PER_SECOND} calls a second and returned empty: nobody over their limit, under 1 % of errors, every acknowledgement booked once, nothing but probes before the return`,
  { timeout: 600_000 },
  async () => {
    for (let user = 0; user < STEADY_USERS; user += 1) {
      await clients[0].limits.set({ user: `steady-${user}`, limitUsd: usd(STEADY_LIMIT) });
    }
    const callers = new Callers();
    const load = startOpenLoop(CALLS_PER_SECOND, (index, dueAtMs) => callers.call(index, dueAtMs));
    const modesBecome = (mode: string, timeout: number): Promise<void> =>
      expect
        .poll(() => callers.modes, { timeout, interval: 10 })
        .toEqual([mode, mode])
        .then(() => {});
    await load.arrived(BEFORE_CALLS);
    await modesBecome('hybrid', REQUEST_MS_MAX);
    const killedAtMs = performance.now();
    await redis.kill();
    await load.arrived(load.count + DOWN_CALLS);
    await modesBecome('redis-down', REQUEST_MS_MAX);
    await redis.restart();
    await modesBecome('hybrid', RETURN_MS_MAX);
    const returnedAtMs = performance.now();
    await expect.poll(() => scriptsRun(redis), { timeout: RETURN_MS_MAX }).toBeGreaterThan(100);
    await redis.cli('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
    await load.arrived(load.count + AFTER_CALLS);
    await load.stop();

    const { calls, errors } = callers;
    process.stdout.write(
      `F27, ${CALLS_PER_SECOND} calls a second: ${errors.length} errors in ${calls.length} calls\n` +
        waitingTimes(calls, { before: killedAtMs, fallback: returnedAtMs, after: Infinity }),
    );
    expect(errors.length / calls.length).toBeLessThan(0.01);
    expectOnlyProbesFirst(await commandsSoFar(redis), { servers: 2 });

    await callers.insist();
    await expectLedger(calls);
    await expectAudit(calls);
  },
);

/** Makes the calls, and knows what became of them. */
class Callers {
  readonly calls: Call[] = [];
  readonly errors: unknown[] = [];
  /** In which mode each server answered last. */
  readonly modes = ['', ''];
  readonly #random = seededRandom(27);

  async call(index: number, dueAtMs: number): Promise<void> {
    const call: Call = {
      reservation: randomUUID(),
      user: userOf(index),
      cost: Math.floor(this.#random() * (HOLD + 1)),
      dueAtMs,
      waitedMs: 0,
      decision: 'unknown',
      isSettled: false,
    };
    this.calls.push(call);
    const settlesOn = clients[this.#random() < 0.5 ? 0 : 1];
    const providerMs = this.#random() * PROVIDER_MS_MAX;
    try {
      await this.#reserve(call, this.#random() < 0.5 ? 0 : 1);
      if (call.decision === 'denied') return;
      await new Promise((resolve) => setTimeout(resolve, providerMs));
      await settle(settlesOn, call);
    } catch (error) {
      this.errors.push(error);
    }
  }

  /** Repeats what nobody was answered, as a client does, until somebody is. */
  async insist(): Promise<void> {
    for (const call of this.calls) {
      if (call.decision === 'unknown') await release(clients[0], call);
      if (call.decision === 'allowed' && !call.isSettled) await settle(clients[0], call);
    }
  }

  async #reserve(call: Call, server: 0 | 1): Promise<void> {
    const { reservation, user, dueAtMs } = call;
    const amountUsd = usd(HOLD);
    const { meter } = clients[server];
    const { decision, mode } = await meter.reserve({ reservation, user, model: MODEL, amountUsd });
    call.waitedMs = performance.now() - dueAtMs;
    call.decision = decision;
    this.modes[server] = mode.mode;
  }
}

/** Who makes call number `index`. */
function userOf(index: number): string {
  const turn = Math.floor(index / 2);
  if (index % 2 === 0) return `steady-${turn % STEADY_USERS}`;
  return `u-${Math.floor(turn / (USERS_AT_ONCE * CALLS_OF_USER))}-${turn % USERS_AT_ONCE}`;
}

async function settle({ meter }: Bursar, call: Call): Promise<void> {
  const { reservation, user, cost } = call;
  await meter.settle({ reservation, costUsd: usd(cost), call: { user, model: MODEL } });
  call.isSettled = true;
}

async function release({ meter }: Bursar, { reservation }: Call): Promise<void> {
  await meter.release({ reservation }).catch((error: unknown) => {
    // It had never arrived.
    if (!isBursarError(error) || error.code !== 'reservation_not_found') throw error;
  });
}

/** The ledger says of every call what its caller was told; the copies say of every user what the ledger says. */
async function expectLedger(calls: readonly Call[]): Promise<void> {
  for (const [user, own] of Map.groupBy(calls, (call) => call.user)) {
    const spent = spentOn(own);
    expect(spent, user).toBeLessThanOrEqual(user.startsWith('steady') ? STEADY_LIMIT : LIMIT);
    const history = await historyOf(clients[0], user);
    const { settledUsd, reservedUsd } = await clients[1].usage.current({ user });
    expect({ user, settled: nanoUsd(settledUsd), reserved: nanoUsd(reservedUsd) }).toEqual({
      user,
      settled: spent,
      reserved: 0,
    });
    const entries = Map.groupBy(history, ({ reservation }) => reservation);
    const told = own.map(({ reservation, isSettled, cost }) => [
      reservation,
      isSettled ? ['settle'] : [],
      isSettled ? cost : 0,
    ]);
    const booked = own.map(({ reservation }) => {
      const ends = entries.get(reservation) ?? [];
      // A release of what nobody was told of is in the ledger too, and costs nothing.
      const kinds = ends.map(({ kind }) => kind).filter((kind) => kind !== 'release');
      return [reservation, kinds, chargeOf(ends)];
    });
    expect(booked).toEqual(told);
  }
}

/**
 * The whole database agrees with itself and with what was acknowledged; and what was leased to the lost Redis
 * is given back, which until then counts beside what was settled past it.
 */
async function expectAudit(calls: readonly Call[]): Promise<void> {
  const bursar = await createBursar({ store: { kind: 'postgres', url: databaseUrl } });
  try {
    await expect
      .poll(async () => (await bursar.audit?.())?.overLimitNanoUsd, { timeout: RETURN_MS_MAX })
      .toBe(0n);
    expect(await bursar.audit?.()).toMatchObject({
      findings: 0,
      shown: [],
      differenceNanoUsd: 0n,
      reservedNanoUsd: 0n,
      settledNanoUsd: BigInt(spentOn(calls)),
      reservations: { reserved: 0, expired: 0, settled: settledOf(calls).length },
    });
  } finally {
    await bursar.close();
  }
}

function settledOf(calls: readonly Call[]): readonly Call[] {
  return calls.filter(({ isSettled }) => isSettled);
}

/** nano-USD. */
function spentOn(calls: readonly Call[]): number {
  return settledOf(calls).reduce((sum, { cost }) => sum + cost, 0);
}

function usd(nano: number): string {
  return formatUsd(BigInt(nano));
}
