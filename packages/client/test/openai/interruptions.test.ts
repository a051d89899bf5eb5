/**
 * Whatever interrupts a call, it ends exactly once, with what is known of its cost: scenarios F14 to F16.
 * A prompt of 5 words is expected to be 6 tokens; the local provider streams one token a piece.
 */
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import type { Caller } from '@bursar/api';
import { deadUrl } from '../support/dead-url.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { connectTo, MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 2_000 };
const INPUT_EXPECTED = 6;
/** A long answer, slow enough that a test can do something in the middle of it. */
const SLOW = {
  headers: { 'x-provider-output-tokens': '1000', 'x-provider-chunk-delay-ms': '2' },
};

/** Reads a stream until `tokens` pieces of text have come. */
async function readSome(
  stream: AsyncIterable<OpenAI.ChatCompletionChunk>,
  tokens: number,
): Promise<void> {
  let read = 0;
  for await (const { choices } of stream) {
    if (choices[0]?.delta.content) read += 1;
    if (read === tokens) return;
  }
}

/**
 * The one call of `world` is booked as counted: what its caller read, `least` tokens, and what had come with them, for
 * a network may bring several at once; never more than the provider sent.
 */
async function expectCountedFrom(least: number, world: World): Promise<void> {
  const [entry, ...others] = await world.booked();
  expect(others).toEqual([]);
  expect(entry).toMatchObject({
    kind: 'settle',
    basis: 'counted',
    usage: { inputTokens: INPUT_EXPECTED },
  });
  const counted = entry?.usage?.outputTokens ?? 0;
  expect(counted).toBeGreaterThanOrEqual(least);
  expect(counted).toBeLessThanOrEqual(world.provider.calls[0]?.outputTokens ?? 0);
}

describe.each(REACHES)('%s', (reach) => {
  test('F14: an abort before the first byte settles the input as estimated', async () => {
    await using world = await openWorld(reach);
    const abort = new AbortController();
    const answer = world
      .openai()
      .chat.completions.create(chat, { signal: abort.signal, headers: { 'x-provider-hang': '1' } });
    await world.provider.arrived(1);
    abort.abort();
    await expect(answer).rejects.toThrow(OpenAI.APIUserAbortError);
    expect(await world.booked()).toEqual([
      { kind: 'settle', basis: 'estimated', model: MODEL, usage: { inputTokens: INPUT_EXPECTED } },
    ]);
    expect(await world.reservedUsd()).toBe('0.00');
    await world.provider.ended(1);
  });

  test('F16: a loop that is left settles input and the tokens sent, and ends the call', async () => {
    await using world = await openWorld(reach);
    await readSome(
      await world.openai().chat.completions.create({ ...chat, stream: true }, SLOW),
      10,
    );
    await world.provider.ended(1);
    expect(world.provider.calls[0]?.ending).toBe('aborted');
    await expectCountedFrom(10, world);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('F16: an aborted stream settles input and the tokens sent', async () => {
    await using world = await openWorld(reach);
    const abort = new AbortController();
    const stream = await world
      .openai()
      .chat.completions.create({ ...chat, stream: true }, { ...SLOW, signal: abort.signal });
    let read = 0;
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content && ++read === 10) abort.abort();
    }
    await world.provider.ended(1);
    await expectCountedFrom(10, world);
  });

  test('F16: a stream that the provider cuts settles input and the tokens sent', async () => {
    await using world = await openWorld(reach);
    const stream = await world
      .openai()
      .chat.completions.create(
        { ...chat, stream: true },
        { headers: { 'x-provider-output-tokens': '1000', 'x-provider-cut-after': '400' } },
      );
    await expect(readSome(stream, 1_000)).rejects.toThrow('terminated');
    expect(await world.booked()).toMatchObject([
      {
        kind: 'settle',
        basis: 'counted',
        usage: { inputTokens: INPUT_EXPECTED, outputTokens: 400 },
      },
    ]);
  });

  test('F16: a stream whose usage is missing is settled as counted', async () => {
    await using world = await openWorld(reach);
    const stream = await world
      .openai()
      .chat.completions.create(
        { ...chat, stream: true },
        { headers: { 'x-provider-output-tokens': '400', 'x-provider-no-usage': '1' } },
      );
    await readSome(stream, 1_000);
    expect(await world.booked()).toMatchObject([
      {
        kind: 'settle',
        basis: 'counted',
        usage: { inputTokens: INPUT_EXPECTED, outputTokens: 400 },
      },
    ]);
  });

  test('a cut stream of responses settles input and the tokens sent', async () => {
    await using world = await openWorld(reach);
    const stream = await world
      .openai()
      .responses.create(
        { model: MODEL, input: prompt(5).content, stream: true },
        { headers: { 'x-provider-output-tokens': '50', 'x-provider-cut-after': '20' } },
      );
    await expect(
      (async () => {
        for await (const event of stream) void event;
      })(),
    ).rejects.toThrow('terminated');
    expect(await world.booked()).toMatchObject([
      { basis: 'counted', usage: { inputTokens: INPUT_EXPECTED, outputTokens: 20 } },
    ]);
  });

  test('F14: of many calls aborted at random moments, none leaves anything set aside', async () => {
    await using world = await openWorld(reach);
    const openai = world.openai();
    let seed = 42;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const calls = Array.from({ length: 100 }, async () => {
      const abort = new AbortController();
      const answer = openai.chat.completions.create(
        { ...chat, stream: true },
        { signal: abort.signal, headers: { 'x-provider-delay-ms': '30' } },
      );
      setTimeout(() => abort.abort(), random() * 40);
      try {
        for await (const chunk of await answer) void chunk;
      } catch {
        // Aborted.
      }
    });
    await Promise.all(calls);
    expect(await world.reservedUsd()).toBe('0.00');
    // A call that never reached the provider is never settled.
    const settled = (await world.booked()).filter(({ kind }) => kind === 'settle');
    expect(settled.length).toBeGreaterThanOrEqual(world.provider.totals().arrived);
  });
});

describe('calls that may not have happened', () => {
  async function failing(world: World, fetch: typeof globalThis.fetch): Promise<unknown> {
    return await world
      .openai({}, { fetch })
      .chat.completions.create(chat)
      .catch((error: unknown) => error);
  }

  test('a provider that cannot be reached costs nothing', async () => {
    await using world = await openWorld('in-process');
    const openai = world.openai({}, { baseURL: await deadUrl() });
    await expect(openai.chat.completions.create(chat)).rejects.toThrow(OpenAI.APIConnectionError);
    expect(await world.booked()).toEqual([{ kind: 'release' }]);
  });

  test('F15: a fetch that throws before it does anything costs nothing', async () => {
    await using world = await openWorld('in-process');
    const error = await failing(world, () => {
      throw new Error('broken adapter');
    });
    expect(String((error as Error).cause)).toContain('broken adapter');
    expect(await world.booked()).toEqual([{ kind: 'release' }]);
  });

  test('a connection that breaks after the request was sent settles the input as estimated', async () => {
    await using world = await openWorld('in-process');
    await failing(world, async () => {
      throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
    });
    expect(await world.booked()).toMatchObject([
      { basis: 'estimated', usage: { inputTokens: INPUT_EXPECTED } },
    ]);
  });

  test('a body that breaks off after its headers settles the input as estimated', async () => {
    await using world = await openWorld('in-process');
    const answer = world
      .openai()
      .chat.completions.create(chat, { headers: { 'x-provider-cut-after': '1' } });
    // As without Bursar: no package tries again once an answer has begun.
    await expect(answer).rejects.toThrow('terminated');
    expect(await world.booked()).toMatchObject([
      { basis: 'estimated', usage: { inputTokens: INPUT_EXPECTED } },
    ]);
  });

  test('an answer without usage is settled by its text', async () => {
    await using world = await openWorld('in-process');
    const { choices } = await world.openai().chat.completions.create(chat, {
      headers: { 'x-provider-no-usage': '1', 'x-provider-output-tokens': '30' },
    });
    const outputTokens = Math.ceil((choices[0]?.message.content?.length ?? 0) / 4);
    expect(await world.booked()).toMatchObject([
      { basis: 'counted', usage: { inputTokens: INPUT_EXPECTED, outputTokens } },
    ]);
  });

  test('whoever leaves while Bursar decides owes nothing', async () => {
    await using world = await openWorld('in-process');
    const decided = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const caller = world.server.caller({ tenant: 'default' });
    const reserve: Caller['meter']['reserve'] = async (input) => {
      asked.resolve();
      await decided.promise;
      return await caller.meter.reserve(input);
    };
    const { release } = caller.meter;
    const bursar = connect({ caller: { meter: { reserve, release } } as Caller });
    const abort = new AbortController();
    const answer = bursar
      .wrap(world.plainOpenai(), { user: 'alice' })
      .chat.completions.create(chat, { signal: abort.signal });
    await asked.promise;
    abort.abort();
    await expect(answer).rejects.toThrow(OpenAI.APIUserAbortError);
    decided.resolve();
    await bursar.settled();
    expect(await world.booked()).toEqual([{ kind: 'release' }]);
    expect(world.provider.calls).toHaveLength(0);
  });
});

describe("onAbort: 'drain'", () => {
  const headers = {
    'x-provider-output-tokens': '200',
    'x-provider-chunk-delay-ms': '1',
  };

  test('a stream that is left is settled as the provider reports it, and nobody waits', async () => {
    await using world = await openWorld('in-process');
    const openai = world.openai({ onAbort: 'drain' });
    await readSome(await openai.chat.completions.create({ ...chat, stream: true }, { headers }), 3);
    expect(world.provider.totals().open).toBe(1);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 5, outputTokens: 200 } },
    ]);
    expect(world.provider.calls[0]?.ending).toBe('completed');
  });

  test('an answer in one piece that is no longer wanted is settled as the provider reports it', async () => {
    await using world = await openWorld('in-process');
    const abort = new AbortController();
    const answer = world.openai({ onAbort: 'drain' }).chat.completions.create(chat, {
      signal: abort.signal,
      headers: { 'x-provider-delay-ms': '50', 'x-provider-output-tokens': '20' },
    });
    await world.provider.arrived(1);
    abort.abort();
    await expect(answer).rejects.toThrow(OpenAI.APIUserAbortError);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 5, outputTokens: 20 } },
    ]);
  });

  test('a drain ends after drainMsMax and settles what was counted', async () => {
    await using world = await openWorld('in-process');
    const runtime = new ManualRuntime();
    const bursar = await connectTo(world.server, 'in-process', runtime);
    const openai = bursar.wrap(world.plainOpenai(), {
      user: 'alice',
      onAbort: 'drain',
      drainMsMax: 5_000,
    });
    const stream = await openai.chat.completions.create(
      { ...chat, stream: true },
      { headers: { 'x-provider-output-tokens': '9', 'x-provider-chunk-delay-ms': '600000' } },
    );
    await readSome(stream, 1);
    expect(world.provider.totals().open).toBe(1);
    runtime.advance(5_000);
    await bursar.settled();
    expect(await world.booked()).toMatchObject([
      { basis: 'counted', usage: { inputTokens: INPUT_EXPECTED, outputTokens: 1 } },
    ]);
    await world.provider.ended(1);
  });
});
