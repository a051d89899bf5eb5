/**
 * Output that runs past what was set aside for it, on a real Redis deciding for a real PostgreSQL: 500 tokens
 * are set aside, and the provider ignores the cap and streams 50,000.
 */
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { denialOf, isDenied } from '../../src/denial.ts';
import { expectBooks, expectRestToFit } from '../support/expect-books.ts';
import {
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';
import { nanoUsd } from '../support/nano-usd.ts';

const CAP_TOKENS = 500;
/** Coverage grows by the cap of the request at a time. */
const STEP = CAP_TOKENS * 600;
const COST = 20 * 150 + 50_000 * 600;

const chat = {
  model: MODEL,
  messages: [threeLetterWords(20)],
  max_completion_tokens: CAP_TOKENS,
  stream: true as const,
};
const OVERRUN = { 'x-provider-overrun': '50000' };
/**
 * A tenth of a step at a time, and slowly enough that a refusal comes before the next step has: what had
 * arrived by then is booked, because the provider bills it.
 */
const SLOW_OVERRUN = {
  ...OVERRUN,
  'x-provider-tokens-per-chunk': '50',
  'x-provider-chunk-delay-ms': '80',
};

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

async function read(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<number> {
  let words = 0;
  for await (const { choices } of stream) {
    words += choices[0]?.delta.content?.match(/\S+/g)?.length ?? 0;
  }
  return words;
}

test('F18: with room in the budget more is set aside as it grows, and it ends by itself without any overage', async () => {
  await using world = await openHybridWorld(stores);
  const overages: string[] = [];
  const openai = world.openai({
    onExhausted: 'stop',
    onSettled: (_call, { overageUsd }) => overages.push(overageUsd),
  });
  const stream = await openai.chat.completions.create(chat, { headers: OVERRUN });
  expect(await read(stream)).toBe(50_000);
  await world.settled();
  await expectRestToFit(world, 'alice');
  expect(await expectBooks(world)).toMatchObject({ ledger: COST, billed: COST });
  expect(overages).toEqual(['0.00']);
});

test("F18: with onExhausted: 'stop' it ends within one step of the limit, with the denial as its error", async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.0008' });
  const limit = nanoUsd('0.0008');
  const openai = world.openai({ onExhausted: 'stop' });
  const stream = await openai.chat.completions.create(chat, { headers: SLOW_OVERRUN });
  const error = await read(stream).catch((thrown: unknown) => thrown);
  expect(isDenied(error)).toBe(true);
  expect(denialOf(error)?.budgets[0]?.budget.scope.name).toBe('alice');
  await world.provider.ended(1);
  expect(world.provider.calls[0]?.ending).toBe('aborted');
  await world.settled();
  const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
  const debt = Math.max(0, nanoUsd(settledUsd) - limit);
  const { ledger, billed } = await expectBooks(world, { debt: { alice: debt } });
  expect(ledger).toBeGreaterThan(limit - STEP);
  expect(ledger).toBeLessThan(limit + STEP);
  // What it generated until it heard of the abort is not known here.
  expect(ledger).toBeLessThanOrEqual(billed);
});

test("F18: with onExhausted: 'finish' the true cost is booked, the excess is debt, and every server refuses the next call", async () => {
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.0008' });
  const limit = nanoUsd('0.0008');
  const overages: string[] = [];
  const openai = world.openai({
    onSettled: (_call, { overageUsd }) => overages.push(overageUsd),
  });
  const stream = await openai.chat.completions.create(chat, { headers: OVERRUN });
  expect(await read(stream)).toBe(50_000);
  await world.settled();
  // How much of it was set aside in time is up to the network; it was within the limit.
  const [overage = 0] = overages.map(nanoUsd);
  expect(overage).toBeGreaterThanOrEqual(COST - limit);
  expect(overage).toBeLessThan(COST);
  for (const server of [0, 1] as const) {
    const next = world.openai({}, {}, world.connect({ server })).chat.completions.create(chat);
    const error = await next.catch((thrown: unknown) => thrown);
    expect(denialOf(error)?.budgets[0]?.budget.availableUsd).toBe('-0.029203');
  }
  expect(await expectBooks(world, { debt: { alice: COST - limit } })).toMatchObject({
    ledger: COST,
    billed: COST,
  });
  expect(world.provider.calls).toHaveLength(1);
});
