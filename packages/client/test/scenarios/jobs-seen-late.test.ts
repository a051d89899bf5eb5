/**
 * Batches on a real Redis deciding for a real PostgreSQL: whoever created one is gone, an hour has passed, perhaps Redis
 * has lost everything, and another server is told of the end by another process.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';

/** Everything that is waited for takes milliseconds, and longer on a machine that is busy. */
const PATIENT = { timeout: 20_000 };
const HOUR = 3_600_000;

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

const current = (world: HybridWorld) => world.bursar.usage.current({ user: 'alice' });

async function createBatch(world: HybridWorld): Promise<string> {
  const openai = world.openai({}, {}, world.connect());
  const lines = [10, 20, 30].map((words, at) => {
    const body = { model: MODEL, messages: [threeLetterWords(words)], max_tokens: 5 };
    const line = { custom_id: `c-${at}`, method: 'POST', url: '/v1/chat/completions', body };
    return JSON.stringify(line);
  });
  const file = new File([lines.join('\n')], 'in.jsonl');
  const { id } = await openai.batches.create({
    input_file_id: (await openai.files.create({ purpose: 'batch', file })).id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  await world.settled();
  return id;
}

test.each([
  ['Redis as it was', async () => {}],
  ['Redis without its data', async () => void (await stores.redis.cli('FLUSHALL'))],
])(
  'a batch is charged in full after an hour, and corrected when its end is seen, with %s',
  async (_how, befall) => {
    await using world = await openHybridWorld(stores);
    const id = await createBatch(world);
    const { reservedUsd: held, settledUsd } = await current(world);
    expect([Number(held) > 0, settledUsd]).toEqual([true, '0.00']);

    world.clock.advance(HOUR);
    await expect.poll(async () => (await current(world)).settledUsd, PATIENT).toBe(held);
    // What Redis has said of it is in the ledger by the time it is forgotten.
    await world.bursar.usage.history({ user: 'alice' });
    await befall();
    world.clock.advance(20 * HOUR);

    const other = world.connect({ server: 1 });
    await world.openai({ user: 'bob' }, {}, other).batches.retrieve(id);
    await world.settled();
    // 60 × 0.075 + 15 × 0.30 millionths.
    await expect.poll(async () => (await current(world)).settledUsd, PATIENT).toBe('0.000009');
    expect((await current(world)).reservedUsd).toBe('0.00');

    // A third process sees it, too.
    await world.openai({}, {}, world.connect()).batches.retrieve(id);
    await world.settled();
    const { entries } = await world.bursar.usage.history({ user: 'alice' });
    expect(entries.map(({ kind }) => kind).toSorted()).toEqual(['expire', 'settle']);
    expect((await current(world)).settledUsd).toBe('0.000009');
  },
);
