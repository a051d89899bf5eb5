/**
 * Bursar's server is killed under load and comes back, and the client does what it was told to: `deny` makes no call
 * that nobody could decide, `allow` makes them all. In both what the ledger says in the end is what the provider bills,
 * call by call: nothing is lost, nothing is booked twice, nothing stays set aside.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProvider } from '@bursar/local-provider';
import { createBursar } from '@bursar/server';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { billOf, chargeOf, historyOf } from '../support/expect-books.ts';
import {
  MODEL,
  startStores,
  type Stores,
  threeLetterWords,
  TOKEN,
} from '../support/hybrid-world.ts';
import { startServer } from './start-server.ts';

const USERS = 3;
/** Longest wait for something that takes moments, on a machine that is busy. */
const SOON = { timeout: 30_000 };

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

test.each(['deny', 'allow'] as const)(
  'killed under load and back, with %s: the ledger is the provider’s bill',
  async (whenUnreachable) => {
    const isAllowing = whenUnreachable === 'allow';
    const databaseUrl = await stores.postgres.createDatabase();
    const server = {
      store: {
        kind: 'hybrid',
        databaseUrl,
        redisUrl: stores.redis.url,
        keyPrefix: `away-${whenUnreachable}`,
      },
      token: TOKEN,
      limitUsd: '100.00',
    } as const;
    const first = await startServer(server);
    onTestFinished(() => first.kill());
    const provider = await startProvider();
    onTestFinished(() => provider.close());
    const directory = await mkdtemp(join(tmpdir(), 'bursar-away-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const bursar = connect({
      url: first.url,
      token: TOKEN,
      journal: fileJournal({ directory }),
      circuit: { openMs: 50 },
    });
    const decided = { reserved: 0, unreserved: 0 };
    let calls = 0;
    const call = async (headers: Record<string, string> = {}): Promise<void> => {
      calls += 1;
      const openai = bursar.wrap(
        new OpenAI({ apiKey: 'sk-test', baseURL: provider.url, maxRetries: 0 }),
        {
          user: `user-${calls % USERS}`,
          whenUnreachable,
          onDecision: () => (decided.reserved += 1),
          onUnreserved: () => (decided.unreserved += 1),
        },
      );
      const chat = { model: MODEL, messages: [threeLetterWords(20)], max_completion_tokens: 30 };
      if (calls % 2 === 0) {
        await openai.chat.completions.create(chat, { headers });
      } else {
        const stream = await openai.chat.completions.create({ ...chat, stream: true }, { headers });
        for await (const chunk of stream) void chunk;
      }
    };
    const some = (count: number, headers?: Record<string, string>): Promise<unknown>[] =>
      Array.from({ length: count }, () =>
        call(headers).then(
          () => 'made',
          (error: { readonly code?: unknown }) => error.code,
        ),
      );
    const times = (count: number, what: string): readonly string[] =>
      Array.from({ length: count }, () => what);

    expect(await Promise.all(some(20))).toEqual(times(20, 'made'));

    // These are at the provider when the server dies.
    const late = some(20, { 'x-provider-delay-ms': '500' });
    await provider.arrived(40);
    await first.kill();
    expect(await Promise.all(late)).toEqual(times(20, 'made'));

    const away: unknown[] = [];
    for (let round = 0; round < 4; round += 1) away.push(...(await Promise.all(some(5))));
    expect(away).toEqual(times(20, isAllowing ? 'made' : 'server_unreachable'));
    expect(decided).toEqual({ reserved: 40, unreserved: isAllowing ? 20 : 0 });
    expect(await readdir(directory)).toHaveLength(1);

    const second = await startServer({ ...server, port: Number(new URL(first.url).port) });
    onTestFinished(() => second.kill());
    // One of the calls finds out.
    await expect
      .poll(async () => {
        await Promise.all(some(1));
        return decided.reserved;
      }, SOON)
      .toBeGreaterThan(40);
    expect(await Promise.all(some(20))).toEqual(times(20, 'made'));
    expect(await bursar.close()).toEqual({ callsOpen: 0, kept: 0 });
    expect(await readdir(directory)).toEqual([]);
    await second.stop();

    const books = await createBursar({ store: { kind: 'postgres', url: databaseUrl } });
    onTestFinished(() => books.close());
    const made = decided.reserved + decided.unreserved;
    const billed = provider.calls.reduce((sum, record) => sum + billOf(record), 0);
    expect(provider.calls).toHaveLength(made);
    await expect.poll(async () => (await books.audit?.())?.reservations.settled, SOON).toBe(made);
    expect(await books.audit?.()).toMatchObject({
      findings: 0,
      shown: [],
      differenceNanoUsd: 0n,
      reservedNanoUsd: 0n,
      settledNanoUsd: BigInt(billed),
      reservations: { reserved: 0, released: 0, expired: 0, settled: made },
    });
    // Each call for itself, and not only in the sum.
    const reader = connect({ caller: books.caller({ tenant: 'default' }) });
    const costs: number[] = [];
    for (let user = 0; user < USERS; user += 1) {
      const entries = await historyOf(reader, `user-${user}`);
      const ends = [...Map.groupBy(entries, ({ reservation }) => reservation).values()];
      expect(ends.filter((end) => end.length !== 1)).toEqual([]);
      costs.push(...ends.map(chargeOf));
    }
    const bills = provider.calls.map(billOf);
    expect(costs.toSorted(ascending)).toEqual(bills.toSorted(ascending));
  },
);

function ascending(a: number, b: number): number {
  return a - b;
}
