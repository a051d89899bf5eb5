/**
 * Streams that end after 400 of 1,000 tokens, on a real Redis deciding for a real PostgreSQL. Whatever cut
 * them, input and 400 tokens are settled, which is what the provider bills, and the rest is given back.
 */
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectBooks, expectRestToFit } from '../support/expect-books.ts';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';

const INPUT_TOKENS = 30;
const SENT_TOKENS = 400;
const COST = INPUT_TOKENS * 150 + SENT_TOKENS * 600;

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

/** Streams of which 400 tokens come, by what the provider is told to do. */
type Headers = Readonly<Record<string, string>>;
const WHOLE: Headers = { 'x-provider-output-tokens': '1000' };
/** 400 tokens in one piece and the next piece never: what is on its way is not left to chance. */
const STALLED: Headers = {
  ...WHOLE,
  'x-provider-tokens-per-chunk': '400',
  'x-provider-chunk-delay-ms': '600000',
};
const DROPPED: Headers = { ...WHOLE, 'x-provider-cut-after': '400' };
const WITHOUT_USAGE: Headers = { 'x-provider-output-tokens': '400', 'x-provider-no-usage': '1' };

async function streamOf(world: HybridWorld, headers: Headers, signal?: AbortSignal) {
  return await world.openai().chat.completions.create(
    {
      model: MODEL,
      messages: [threeLetterWords(INPUT_TOKENS)],
      max_completion_tokens: 1_000,
      stream: true,
    },
    { headers, ...(signal === undefined ? {} : { signal }) },
  );
}

/** Reads a stream to its end; `onText` is told of every piece. Answers how many words came. */
async function read(
  stream: AsyncIterable<OpenAI.ChatCompletionChunk>,
  onText: () => void = () => {},
): Promise<number> {
  let words = 0;
  for await (const { choices } of stream) {
    const text = choices[0]?.delta.content ?? '';
    words += text.match(/\S+/g)?.length ?? 0;
    if (text !== '') onText();
  }
  return words;
}

/** The one call is settled as counted, at input and 400 tokens, and everything else is there again. */
async function expectSettled(world: HybridWorld): Promise<void> {
  await world.provider.ended(1);
  await world.settled();
  await expectRestToFit(world, 'alice');
  const { ledger, billed, entries } = await expectBooks(world);
  expect({ ledger, billed }).toEqual({ ledger: COST, billed: COST });
  const settled = [...entries.values()].flat().find(({ kind }) => kind === 'settle');
  expect(settled?.detail).toMatchObject({
    basis: 'counted',
    usage: { inputTokens: INPUT_TOKENS, outputTokens: SENT_TOKENS },
  });
}

test('F16: a stream that the caller aborts', async () => {
  await using world = await openHybridWorld(stores);
  const abort = new AbortController();
  // The openai package ends the loop of an aborted stream without an error.
  expect(await read(await streamOf(world, STALLED, abort.signal), () => abort.abort())).toBe(400);
  await expectSettled(world);
  expect(world.provider.calls[0]?.ending).toBe('aborted');
});

test('F16: a stream whose reader leaves the loop', async () => {
  await using world = await openHybridWorld(stores);
  for await (const { choices } of await streamOf(world, STALLED)) {
    if (choices[0]?.delta.content) break;
  }
  await expectSettled(world);
  expect(world.provider.calls[0]?.ending).toBe('aborted');
});

test('F16: a stream whose connection the provider drops', async () => {
  await using world = await openHybridWorld(stores);
  await expect(read(await streamOf(world, DROPPED))).rejects.toThrow('terminated');
  await expectSettled(world);
  expect(world.provider.calls[0]?.ending).toBe('cut');
});

test('F16: a stream whose final message with the usage is missing', async () => {
  await using world = await openHybridWorld(stores);
  expect(await read(await streamOf(world, WITHOUT_USAGE))).toBe(400);
  await expectSettled(world);
  expect(world.provider.calls[0]).toMatchObject({ ending: 'completed', reportedUsage: null });
});
