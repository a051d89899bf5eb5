/**
 * Retries and fallbacks inside one request, on a real Redis deciding for a real PostgreSQL. Each attempt is a
 * call with a reservation of its own, because each may be billed; what the attempts of one request have in
 * common is that one at a time is held.
 */
import { startProvider } from '@bursar/local-provider';
import { startFaultProxy } from '@bursar/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { billOf, chargeOf, expectBooks, expectRestToFit } from '../support/expect-books.ts';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';
import { nanoUsd } from '../support/nano-usd.ts';

const INPUT_TOKENS = 20;
const chat = {
  model: MODEL,
  messages: [threeLetterWords(INPUT_TOKENS)],
  max_completion_tokens: 2_000,
};

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

/** What one attempt holds, and how the reservations of a user were charged, in the order they were made. */
const chargesOf = (
  world: HybridWorld,
  entries: Awaited<ReturnType<typeof expectBooks>>['entries'],
): readonly number[] => [...world.holds.keys()].map((id) => chargeOf(entries.get(id) ?? []));

test('F21: an attempt whose answer never comes, then one that succeeds: held one at a time, billed once each', async () => {
  // What one attempt holds is 1.23 million nano-USD and some: two at once would not fit.
  await using world = await openHybridWorld(stores, { defaultLimitUsd: '0.0013' });
  const { port } = new URL(world.provider.url);
  const link = await startFaultProxy({ host: '127.0.0.1', port: Number(port) });
  onTestFinished(() => link.stop());
  await link.dropReplies();
  let attempts = 0;
  const openai = world.openai(
    {},
    {
      baseURL: `http://127.0.0.1:${link.port}/v1`,
      maxRetries: 1,
      timeout: 3_000,
      fetch: async (input, init) => {
        attempts += 1;
        if (attempts === 2) await link.heal();
        return await fetch(input, init);
      },
    },
  );
  const answer = await openai.chat.completions.create(chat, {
    headers: { 'x-provider-output-tokens': '50' },
  });
  expect(answer.usage).toMatchObject({ prompt_tokens: INPUT_TOKENS, completion_tokens: 50 });
  const [held, heldAgain] = [...world.holds.values()].map(({ heldUsd }) => nanoUsd(heldUsd));
  expect(heldAgain).toBe(held);
  expect(2 * (held ?? 0)).toBeGreaterThan(nanoUsd('0.0013'));
  // The provider had produced both answers; of the first nothing was seen but that its input left.
  expect(world.provider.calls.map(({ outputTokens }) => outputTokens)).toEqual([50, 50]);
  await expectRestToFit(world, 'alice');
  const { entries } = await expectBooks(world);
  expect(chargesOf(world, entries).slice(0, 2)).toEqual([
    INPUT_TOKENS * 150,
    INPUT_TOKENS * 150 + 50 * 600,
  ]);
});

test('F21: a stream that stalls, then a dearer model elsewhere: each attempt is billed what its provider bills, and a repeat changes nothing', async () => {
  await using world = await openHybridWorld(stores);
  const elsewhere = await startProvider();
  onTestFinished(() => elsewhere.close());
  const abort = new AbortController();
  const first = await world.openai().chat.completions.create(
    { ...chat, stream: true },
    {
      signal: abort.signal,
      headers: {
        'x-provider-output-tokens': '1000',
        'x-provider-tokens-per-chunk': '100',
        'x-provider-chunk-delay-ms': '600000',
      },
    },
  );
  // The caller has waited long enough.
  for await (const { choices } of first) if (choices[0]?.delta.content) abort.abort();
  const fallback = world.openai({}, { baseURL: elsewhere.url });
  await fallback.chat.completions.create(
    { ...chat, model: 'gpt-4o' },
    { headers: { 'x-provider-output-tokens': '30' } },
  );
  await world.settled();

  const [one = '', two = ''] = [...world.holds.keys()];
  const usages = [
    [one, { inputTokens: INPUT_TOKENS, outputTokens: 100 }],
    [two, { inputTokens: INPUT_TOKENS, outputTokens: 30 }],
  ] as const;
  for (const server of [0, 1] as const) {
    const { meter } = world.connect({ server });
    for (const [reservation, usage] of usages) {
      expect(await meter.settle({ reservation, usage })).toMatchObject({ replayed: true });
      const more = meter.settle({ reservation, usage: { outputTokens: 9_999 } });
      await expect(more).rejects.toMatchObject({ code: 'reservation_already_settled' });
      const back = meter.release({ reservation });
      await expect(back).rejects.toMatchObject({ code: 'reservation_already_settled' });
    }
  }
  await expectRestToFit(world, 'alice');
  const { entries } = await expectBooks(world, { elsewhere: 1 });
  const [billed, billedElsewhere] = [world.provider, elsewhere].map(({ calls: [call] }) =>
    call === undefined ? Number.NaN : billOf(call),
  );
  expect(billed).toBe(INPUT_TOKENS * 150 + 100 * 600);
  expect(billedElsewhere).toBe(INPUT_TOKENS * 2_500 + 30 * 10_000);
  expect(chargesOf(world, entries).slice(0, 2)).toEqual([billed, billedElsewhere]);
});

test('F21: attempts that the provider refuses cost nothing, the one that it answers its price', async () => {
  await using world = await openHybridWorld(stores);
  const openai = world.openai({}, { maxRetries: 2 });
  await openai.chat.completions.create(chat, {
    headers: { 'x-provider-status': '500,429,200', 'x-provider-retry-after': '0' },
  });
  await expectRestToFit(world, 'alice');
  const { ledger, billed, entries } = await expectBooks(world, { refused: 2 });
  expect(ledger).toBe(billed);
  expect(chargesOf(world, entries).slice(0, 3)).toEqual([0, 0, billed]);
});

test('F21: once a byte has reached the caller, no second attempt is spliced in', async () => {
  await using world = await openHybridWorld(stores);
  const openai = world.openai({}, { maxRetries: 2 });
  const stream = await openai.chat.completions.create(
    { ...chat, stream: true },
    { headers: { 'x-provider-output-tokens': '100', 'x-provider-cut-after': '10' } },
  );
  const reading = (async () => {
    for await (const chunk of stream) void chunk;
  })();
  await expect(reading).rejects.toThrow('terminated');
  await expectRestToFit(world, 'alice');
  const { ledger, billed } = await expectBooks(world);
  expect(world.provider.calls).toHaveLength(1);
  expect({ ledger, billed }).toEqual({
    ledger: INPUT_TOKENS * 150 + 10 * 600,
    billed: INPUT_TOKENS * 150 + 10 * 600,
  });
});
