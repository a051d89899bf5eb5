/**
 * Settlements that come after the reservation's deadline, on a real Redis deciding for a real PostgreSQL: the
 * truth is booked once, marked late, whatever has become of the money meanwhile. And heartbeats, because of
 * which that is rare.
 */
import type { SettleOutput } from '@bursar/api';
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { denialOf } from '../../src/denial.ts';
import { chargeOf, expectBooks } from '../support/expect-books.ts';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { nanoUsd } from '../support/nano-usd.ts';
import { proceduresIn } from '../support/procedures-in.ts';

/** Everything that is waited for takes milliseconds, and longer on a machine that is busy. */
const PATIENT = { timeout: 20_000 };
const TTL_MS = 60_000;
const HEARTBEAT_MS = 15_000;
const INPUT_TOKENS = 20;
const OUTPUT_TOKENS = 20_000;
const COST = INPUT_TOKENS * 150 + OUTPUT_TOKENS * 600;
const chat = {
  model: MODEL,
  messages: [threeLetterWords(INPUT_TOKENS)],
  max_completion_tokens: OUTPUT_TOKENS,
  stream: true as const,
};
/** More than connections buffer, so that the end is not there before it is read. */
const LONG = { headers: { 'x-provider-output-tokens': String(OUTPUT_TOKENS) } };

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

/**
 * A stream that has begun, on a client whose timers are the test's. `isHeard`: whether Bursar is told that
 * the call is on its way.
 */
async function beginStream(
  world: HybridWorld,
  { isHeard, callMsMax }: { readonly isHeard: boolean; readonly callMsMax: number },
) {
  const runtime = new ManualRuntime();
  const settled: SettleOutput[] = [];
  const dispatched = Promise.withResolvers<void>();
  const bursar = world.connect({
    runtime,
    fetch: async (input, init) => {
      if (!proceduresIn(input).includes('meter.extend')) return await fetch(input, init);
      if (!isHeard) throw new Error('no route to host');
      const answer = await fetch(input, init);
      dispatched.resolve();
      return answer;
    },
  });
  const openai = world.openai(
    {
      ttlMs: TTL_MS,
      heartbeatMs: HEARTBEAT_MS,
      callMsMax,
      onSettled: (_call, told) => settled.push(told),
    },
    {},
    bursar,
  );
  const stream = await openai.chat.completions.create(chat, LONG);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  if (isHeard) await dispatched.promise;
  return {
    settled,
    /** Lets `ms` pass on both sides, and waits until the heartbeats of that time have been answered. */
    async pass(ms: number): Promise<void> {
      world.clock.advance(ms);
      runtime.advance(ms);
      // A heartbeat that is answered sets the timer for the next.
      await expect.poll(() => runtime.timers, PATIENT).toBe(1);
    },
    async readToTheEnd(): Promise<void> {
      while (!(await iterator.next()).done);
      await world.settled();
    },
  };
}

/** The reservation of the first call. */
function firstHold(world: HybridWorld): readonly [id: string, heldUsd: string] {
  const [first] = world.holds;
  if (first === undefined) throw new Error('nothing is held');
  return [first[0], first[1].heldUsd];
}

const current = (world: HybridWorld) => world.bursar.usage.current({ user: 'alice' });

async function denied(openai: OpenAI): Promise<boolean> {
  const error = await openai.chat.completions.create(chat).catch((thrown: unknown) => thrown);
  return denialOf(error) !== undefined;
}

test('F20: heartbeats keep a stream of five minutes alive that lives one minute without them', async () => {
  await using world = await openHybridWorld(stores);
  const stream = await beginStream(world, { isHeard: true, callMsMax: 600_000 });
  const [, heldUsd] = firstHold(world);
  for (let beat = 1; beat <= 20; beat += 1) {
    await stream.pass(HEARTBEAT_MS);
    expect((await current(world)).reservedUsd).toBe(heldUsd);
  }
  await stream.readToTheEnd();
  expect(stream.settled).toMatchObject([{ late: false, overageUsd: '0.00' }]);
  const { ledger, billed, entries } = await expectBooks(world);
  expect({ ledger, billed }).toEqual({ ledger: COST, billed: COST });
  expect([...entries.values()].flat().map(({ kind }) => kind)).toEqual(['settle']);
});

test('F20: a call known to run is charged what it held at its deadline; the truth replaces that, late and once, on any server', async () => {
  await using world = await openHybridWorld(stores);
  const stream = await beginStream(world, { isHeard: true, callMsMax: TTL_MS });
  const [reservation, heldUsd] = firstHold(world);
  // The client's heart stands still with its timers.
  world.clock.advance(TTL_MS);
  await expect.poll(async () => (await current(world)).settledUsd, PATIENT).toBe(heldUsd);

  await stream.readToTheEnd();
  expect(stream.settled).toMatchObject([{ late: true, replayed: false }]);
  // The other server is told the same again, as a client does whose answer got lost.
  const usage = { inputTokens: INPUT_TOKENS, outputTokens: OUTPUT_TOKENS };
  const again = await world.connect({ server: 1 }).meter.settle({ reservation, usage });
  expect(again).toMatchObject({ replayed: true });
  const { ledger, billed, entries } = await expectBooks(world);
  expect({ ledger, billed }).toEqual({ ledger: COST, billed: COST });
  expect(
    entries.get(reservation)?.map(({ kind, amountUsd }) => [kind, nanoUsd(amountUsd)]),
  ).toEqual([
    ['expire', nanoUsd(heldUsd)],
    ['settle', COST - nanoUsd(heldUsd)],
  ]);
});

test('F20: a call not known to run is given up at its deadline; when others have spent that, its late cost is booked as debt', async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.02' });
  const limit = nanoUsd('0.02');
  // Neither the mark that it was dispatched nor any heartbeat ever arrives.
  const stream = await beginStream(world, { isHeard: false, callMsMax: TTL_MS });
  const [reservation] = firstHold(world);
  world.clock.advance(TTL_MS);
  await expect.poll(async () => (await current(world)).reservedUsd, PATIENT).toBe('0.00');

  const others = world.connect({ server: 1 });
  const taken = crypto.randomUUID();
  const call = { reservation: taken, user: 'alice', model: MODEL, amountUsd: '0.02' };
  expect(await others.meter.reserve(call)).toMatchObject({ decision: 'allowed' });
  world.holds.set(taken, { user: 'alice', heldUsd: '0.02' });
  await others.meter.settle({ reservation: taken, costUsd: '0.02' });

  await stream.readToTheEnd();
  expect(stream.settled).toMatchObject([{ late: true, replayed: false }]);
  expect(await denied(world.openai())).toBe(true);
  expect(await denied(world.openai({}, {}, others))).toBe(true);
  const usage = { inputTokens: INPUT_TOKENS, outputTokens: OUTPUT_TOKENS };
  expect(await others.meter.settle({ reservation, usage })).toMatchObject({ replayed: true });
  const { ledger, billed, entries } = await expectBooks(world, {
    debt: { alice: COST },
    // What the others bought, they bought elsewhere.
    elsewhere: 1,
  });
  expect({ ledger, billed }).toEqual({ ledger: COST + limit, billed: COST });
  expect(chargeOf(entries.get(reservation) ?? [])).toBe(COST);
});
