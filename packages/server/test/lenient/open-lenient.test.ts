/** A Bursar that lets calls through: when it may be opened, and that it needs no store to be started again. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tenantId } from '@bursar/core';
import {
  type FaultProxy,
  type PostgresServer,
  startFaultProxy,
  startPostgres,
} from '@bursar/testkit';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { bursarOptionsOf } from '../../src/cli/from-config.ts';
import { readConfig } from '../../src/config.ts';
import { type Bursar, createBursar } from '../../src/index.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

const TIMES = { patienceMs: 500, answerMs: 300, probeEveryMs: 100 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-away-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('letting calls through', () => {
  it('is refused with books in this process, which cannot be away', async () => {
    for (const store of [{ kind: 'memory' }, { kind: 'pglite', directory: 'memory' }] as const) {
      await expect(
        createBursar({ store, whenAway: { allowanceUsd: '1.00', directory } }),
      ).rejects.toMatchObject({ code: 'input_invalid', field: 'whenAway' });
    }
  });

  it.each(['0', '0.00', '-1', '100000.01', 'much'])(
    'is refused with %s as the allowance',
    async (allowanceUsd) => {
      await expect(
        createBursar({
          store: { kind: 'postgres', url: 'postgres://127.0.0.1:1/none' },
          whenAway: { allowanceUsd, directory },
        }),
      ).rejects.toMatchObject({ code: 'amount_out_of_range', field: 'whenAway.allowanceUsd' });
    },
  );

  it('does not make a server start whose stores were never reached: somebody may have mistyped them', async () => {
    await expect(
      createBursar({
        store: { kind: 'postgres', url: 'postgres://127.0.0.1:1/none' },
        whenAway: { allowanceUsd: '1.00', directory },
      }),
    ).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('is for servers: commands of the command line leave the journal to them', async () => {
    const config = readConfig({
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      BURSAR_WHEN_AWAY: 'allow',
      BURSAR_ALLOWANCE_USD: '1.00',
    });
    expect((await bursarOptionsOf(config, SILENT_LOG)).whenAway).toBeUndefined();
  });
});

describe('before a real PostgreSQL', () => {
  let postgres: PostgresServer;
  let toPostgres: FaultProxy;
  let url: string;
  beforeAll(async () => {
    postgres = await startPostgres();
    toPostgres = await startFaultProxy({
      host: '127.0.0.1',
      port: Number(new URL(postgres.url).port),
    });
    url = Object.assign(new URL(await postgres.createDatabase()), {
      port: String(toPostgres.port),
    }).href;
  });
  afterAll(async () => {
    await toPostgres?.stop();
    await postgres?.stop();
  });

  const open = (at = url): Promise<Bursar> =>
    createBursar({
      store: { kind: 'postgres', url: at },
      whenAway: { allowanceUsd: '1.00', directory, times: TIMES },
    });

  const callerOf = (bursar: Bursar, tenant: string) => {
    const { meter, usage } = bursar.caller({ tenant });
    return {
      usage,
      async reserve(
        amountUsd: string,
      ): Promise<{ readonly reservation: string; readonly mode: string }> {
        const reservation = randomUUID();
        const { decision, mode } = await meter.reserve({
          reservation,
          user: 'alice',
          model: 'gpt-4o',
          amountUsd,
        });
        expect(decision).toBe('allowed');
        return { reservation, mode: mode.mode };
      },
      settle: (reservation: string, costUsd: string) =>
        meter.settle({ reservation, costUsd, call: { user: 'alice', model: 'gpt-4o' } }),
      settleTokens: (reservation: string, inputTokens: number) =>
        meter.settle({
          reservation,
          usage: { inputTokens },
          call: { user: 'alice', model: 'gpt-4o' },
        }),
    };
  };

  const untilBooked = (usage: ReturnType<typeof callerOf>['usage'], settledUsd: string) =>
    expect
      .poll(async () => (await usage.current({ user: 'alice' })).settledUsd, { timeout: 20_000 })
      .toBe(settledUsd);

  it('goes on alone when it is cut off, is not alone in its directory, and books when it is back', async () => {
    const bursar = await open();
    try {
      const { reserve, settle, usage } = callerOf(bursar, 'cut-off');
      expect((await reserve('0.10')).mode).toBe('direct');
      await expect(open()).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('BURSAR_DATA_DIR'),
      });
      await toPostgres.cut();
      const { reservation, mode } = await reserve('0.50');
      expect(mode).toBe('lenient');
      expect(await settle(reservation, '0.40')).toMatchObject({ costUsd: '0.40' });
      // What is wrong in itself is still told so.
      await expect(
        bursar.caller({ tenant: 'cut-off' }).meter.reserve({
          reservation: randomUUID(),
          user: 'alice',
          model: 'no-such-model',
          estimate: { inputTokens: 1 },
        }),
      ).rejects.toMatchObject({ code: 'price_unknown' });
      await expect(reserve('0.61')).rejects.toMatchObject({
        message: expect.stringContaining('$1.00'),
      });
      await toPostgres.heal();
      await untilBooked(usage, '0.40');
      await expect
        .poll(async () => (await reserve('0.01')).mode, { timeout: 20_000 })
        .toBe('direct');
      expect(await bursar.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
    } finally {
      await toPostgres.heal();
      await bursar.close();
    }
  });

  it('starts without its store in the middle of an outage, carries on, and opens the store when it is there', async () => {
    const first = await open();
    const before = await callerOf(first, 'restarted').reserve('0.20');
    await toPostgres.cut();
    const alone = callerOf(first, 'restarted');
    const open1 = await alone.reserve('0.30');
    await alone.settle((await alone.reserve('0.10')).reservation, '0.10');
    await first.close();

    // With other stores it does not: they were never reached from here.
    const elsewhere = Object.assign(new URL(url), { pathname: '/elsewhere' }).href;
    await expect(open(elsewhere)).rejects.toMatchObject({ code: 'store_unavailable' });

    const second = await open();
    try {
      const { reserve, settle, settleTokens, usage } = callerOf(second, 'restarted');
      expect((await reserve('0.01')).mode).toBe('lenient');
      await settle(open1.reservation, '0.25');
      // Reserved by the store, and this process never saw it: priced as of now, on what its caller says.
      await settleTokens(before.reservation, 1_000);
      await expect(second.tokens.list()).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(second.audit?.()).rejects.toMatchObject({ code: 'store_unavailable' });
      const alice = { tenant: tenantId('default'), user: 'alice', provider: 'openai' };
      expect(await second.ownKeys.standing(alice)).toEqual({ state: 'unknown' });
      await toPostgres.heal();
      await untilBooked(usage, '0.3525');
      expect(await second.tokens.list()).toEqual([]);
      expect(await second.ownKeys.list({ all: true, limit: 1 })).toEqual([]);
      expect(await second.audit?.()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
    } finally {
      await toPostgres.heal();
      await second.close();
    }
  });
});
