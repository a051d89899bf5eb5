/** The server is killed at any moment: what it acknowledged is in the ledger, once; what was open ends by its deadline. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryEntry, UsageHistoryOutput } from '@bursar/api';
import { formatUsd } from '@bursar/core';
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBursar, type StoreLocation } from '../../src/index.ts';
import { call, serve, type Served } from './serve.ts';

const CALLERS = 16;
const KILLS = 4;
const ACKNOWLEDGED_BEFORE_KILL = 60;
const TTL_MS = 1_000;

let postgres: PostgresServer;
let directory: string;
let databaseUrl: string;
beforeAll(async () => {
  [postgres, directory] = await Promise.all([
    startPostgres(),
    mkdtemp(join(tmpdir(), 'bursar-kill-')),
  ]);
  databaseUrl = await postgres.createDatabase();
});
afterAll(async () => {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each<[string, () => Record<string, string>, () => StoreLocation]>([
  [
    'embedded PGlite',
    () => ({ BURSAR_DATA_DIR: directory }),
    () => ({ kind: 'pglite', directory }),
  ],
  [
    'PostgreSQL',
    () => ({ DATABASE_URL: databaseUrl }),
    () => ({ kind: 'postgres', url: databaseUrl }),
  ],
])('a server on %s that is killed under load', (_title, environment, location) => {
  it(`loses no acknowledged settlement and books none twice, over ${KILLS} kills`, async () => {
    const acknowledged = new Map<string, string>();
    const reserved = new Set<string>();
    for (let round = 0; round < KILLS; round += 1) {
      const served = await serve({ ...environment(), BURSAR_DEFAULT_LIMIT_USD: 'none' });
      const enough = acknowledged.size + ACKNOWLEDGED_BEFORE_KILL;
      let killed: Promise<void> | undefined;
      const caller = async (index: number): Promise<void> => {
        try {
          for (;;) {
            const reservation = randomUUID();
            const costUsd = formatUsd(BigInt(1 + (acknowledged.size % 999)));
            await call(served, 'meter.reserve', {
              reservation,
              user: `user-${index}`,
              model: 'gpt-4o',
              amountUsd: '0.01',
              ttlMs: TTL_MS,
            });
            reserved.add(reservation);
            await call(served, 'meter.settle', { reservation, costUsd });
            acknowledged.set(reservation, costUsd);
            if (acknowledged.size >= enough) killed ??= served.kill();
          }
        } catch {
          // The server is gone; what it had not answered is unknown and may go either way.
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)));
      await killed;
    }
    const served = await serve({ ...environment(), BURSAR_SWEEP_INTERVAL_MS: '50' });
    const entries = await ledgerOf(served);
    await served.stop();
    const settled = new Map<string, string[]>();
    for (const { reservation, kind, amountUsd } of entries) {
      if (kind === 'settle' && reservation !== null) {
        settled.set(reservation, [...(settled.get(reservation) ?? []), amountUsd]);
      }
    }
    for (const [reservation, costUsd] of acknowledged)
      expect(settled.get(reservation)).toEqual([costUsd]);
    for (const booked of settled.values()) expect(booked.length).toBe(1);
    expect(acknowledged.size).toBeGreaterThanOrEqual(KILLS * ACKNOWLEDGED_BEFORE_KILL);

    const bursar = await createBursar({ store: location() });
    const audit = await bursar.audit?.();
    await bursar.close();
    expect(audit).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  }, 180_000);

  it('ends every reservation that the kills left open, by its deadline', async () => {
    // Time is the database's own here, so this waits for real deadlines: they are a second away at most.
    const bursar = await createBursar({ store: location(), sweepIntervalMs: 10 });
    try {
      await expect
        .poll(async () => (await bursar.audit?.())?.reservations.reserved, {
          timeout: 20_000,
          interval: 100,
        })
        .toBe(0);
      expect(await bursar.audit?.()).toMatchObject({ findings: 0, reservedNanoUsd: 0n });
    } finally {
      await bursar.close();
    }
  }, 60_000);
});

async function ledgerOf(served: Served): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  for (let index = 0; index < CALLERS; index += 1) {
    let cursor: number | null | undefined;
    do {
      const input: object = { user: `user-${index}`, limit: 200, ...(cursor ? { cursor } : {}) };
      const page = (await call(served, 'usage.history', input, 'GET')) as UsageHistoryOutput;
      all.push(...page.entries);
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
  return all;
}
