/**
 * F48: connections that stay open. Each answer on one is its own reservation, whichever server and whatever else the
 * user does meanwhile; and it is charged to the window that it is asked for in.
 */
import type { ReserveOutput } from '@bursar/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { denialOf } from '../../src/denial.ts';
import type { ConnectionOptions } from '../../src/realtime/index.ts';
import { expectBooks, historyOf } from '../support/expect-books.ts';
import {
  type HybridWorld,
  openHybridWorld,
  startStores,
  type Stores,
} from '../support/hybrid-world.ts';
import { openRealtime, REALTIME_MODEL, saying, textOnly } from '../support/live-connection.ts';
import { nanoUsd } from '../support/nano-usd.ts';

type Realtime = Awaited<ReturnType<typeof openRealtime>>;

const OUTPUT_TOKENS = 50;
/** nano-USD: a word in, and the answer. */
const costOf = (inputTokens: number): number => inputTokens * 4_000 + OUTPUT_TOKENS * 16_000;

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

/** What alice is allowed is noted in the world's holds. */
function noting({ holds }: HybridWorld): Partial<ConnectionOptions> {
  return {
    onDecision: (call, decision: ReserveOutput) => {
      if (decision.decision === 'allowed') {
        holds.set(call.reservation, { user: call.user, heldUsd: decision.heldUsd });
      }
    },
  };
}

async function open(world: HybridWorld, server: 0 | 1 = 0): Promise<Realtime> {
  const live = await openRealtime({
    bursar: world.connect({ server }),
    providerUrl: world.provider.url,
    options: noting(world),
    headers: { 'x-provider-output-tokens': String(OUTPUT_TOKENS) },
  });
  live.connection.send(textOnly(OUTPUT_TOKENS));
  await live.next('session.updated');
  return live;
}

/** One turn: what ended it. */
async function turn({ connection, next }: Realtime): Promise<string> {
  connection.send(saying(1));
  connection.send({ type: 'response.create' });
  return (await next(({ type }) => type === 'response.done' || type === 'error')).type;
}

test('F48: ten turns after the budget was used up elsewhere are refused on the open connection, as a new one would be', async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '1.00' });
  const live = await open(world);
  expect(await turn(live)).toBe('response.done');
  expect(world.holds.size).toBe(1);
  await world.settled();
  // On the other server, without this connection's knowledge.
  const { availableUsd } = await world.bursar.usage.current({ user: 'alice' });
  await world
    .connect({ server: 1 })
    .meter(
      { user: 'alice', model: 'report', amountUsd: availableUsd ?? '0', ...noting(world) },
      async () => ({ value: undefined, costUsd: availableUsd ?? '0' }),
    );
  const refusals: unknown[] = [];
  for (let more = 0; more < 10; more += 1) {
    expect(await turn(live)).toBe('error');
    refusals.push(denialOf(live.errors.at(-1)));
  }
  const fresh = await open(world, 1);
  expect(await turn(fresh)).toBe('error');
  const refused = denialOf(fresh.errors[0]);
  if (refused?.reason !== 'budget_exhausted') throw new Error('a new connection was let through');
  const { reason, budget } = refused;
  for (const refusal of refusals) expect(refusal).toMatchObject({ reason, budget });
  // Nothing of it was sent, and nobody hung up.
  expect(world.provider.calls).toHaveLength(1);
  expect(live.connection.socket.readyState).toBe(1);
  expect(live.heard.filter(({ type }) => type === 'error')).toHaveLength(10);
  await expectBooks(world, { elsewhere: 1 });
});

test('F48: turns on two connections never pass the limit together, and each is its own reservation', async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.02' });
  const lines = [await open(world, 0), await open(world, 1)];
  const ends = await Promise.all(
    lines.map(async (live) => {
      const seen: string[] = [];
      for (let more = 0; more < 15; more += 1) seen.push(await turn(live));
      return seen;
    }),
  );
  const answered = ends.flat().filter((type) => type === 'response.done').length;
  expect(answered).toBe(world.provider.calls.length);
  expect(answered).toBe(world.holds.size);
  expect(ends.flat()).toContain('error');
  const { ledger, billed } = await expectBooks(world);
  expect(ledger).toBe(billed);
  expect(ledger).toBeLessThanOrEqual(nanoUsd('0.02'));
});

test('F48: a session that spans midnight is charged to the new window from the next turn on', async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.01' });
  world.clock.set(Date.UTC(2026, 10, 30, 23, 59, 59, 999));
  const live = await open(world);
  const inNovember: string[] = [];
  do inNovember.push(await turn(live));
  while (inNovember.at(-1) === 'response.done');
  await world.settled();
  const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
  expect(nanoUsd(settledUsd)).toBeGreaterThan(nanoUsd('0.007'));
  world.clock.advance(1);
  expect(await turn(live)).toBe('response.done');
  await world.settled();
  // The conversation has grown; the new month has paid for this turn alone.
  const december = await world.bursar.usage.current({ user: 'alice' });
  const words = inNovember.length + 1;
  const context = words + (inNovember.length - 1) * OUTPUT_TOKENS;
  expect(nanoUsd(december.settledUsd)).toBe(costOf(context));
  expect(await historyOf(world.bursar, 'alice')).toHaveLength(1);
  expect(world.provider.calls.every(({ model }) => model === REALTIME_MODEL)).toBe(true);
});
