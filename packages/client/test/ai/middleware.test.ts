/** Models of the Vercel AI SDK with Bursar's middleware: they answer as before, and are charged. */
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, type LanguageModel, streamText, wrapLanguageModel } from 'ai';
import { describe, expect, test } from 'vitest';
import { bursarMiddleware, type AiOptions } from '../../src/ai/index.ts';
import { denialOf } from '../../src/index.ts';
import { MODEL, openWorld, prompt, type World } from '../support/world.ts';

type Api = 'chat' | 'responses';

function modelOf(world: World, api: Api, options: Partial<AiOptions> = {}): LanguageModel {
  const openai = createOpenAI({ apiKey: 'sk-test', baseURL: world.provider.url });
  return wrapLanguageModel({
    model: openai[api](MODEL),
    middleware: bursarMiddleware(world.bursar, { user: 'alice', ...options }),
  });
}

const messages = [prompt(5)];
const headers = { 'x-provider-output-tokens': '12' };
const USAGE = { inputTokens: 5, outputTokens: 12 };

describe.each(['chat', 'responses'] as const)('over the %s API', (api) => {
  test('a text is answered and settled as reported', async () => {
    await using world = await openWorld('in-process');
    const { text } = await generateText({ model: modelOf(world, api), messages, headers });
    expect(text.split(/\s+/)).toHaveLength(12);
    expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('a stream is passed on and settled as reported', async () => {
    await using world = await openWorld('in-process');
    const { textStream } = streamText({ model: modelOf(world, api), messages, headers });
    let words = 0;
    for await (const _ of textStream) words += 1;
    expect(words).toBe(12);
    expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('a denied call is one error of the SDK, at once, and nothing is sent', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const model = modelOf(world, api);
    const error: unknown = await generateText({ model, messages, maxRetries: 5 }).catch(
      (reason: unknown) => reason,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 402, isRetryable: false });
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
    expect(world.provider.calls).toHaveLength(0);
  });
});

test('units that the provider says in a header are taken from the limits that count them', async () => {
  await using world = await openWorld('in-process');
  const limiter = { algorithm: 'fixed-window', limit: 10, windowMs: 86_400_000 };
  const rates = [{ name: 'units', on: { kind: 'user' }, counts: 'units', limiter }];
  const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' }];
  await world.bursar.policies.put({
    expectedVersion: 0,
    document: { version: 1, defaults: { budgets, rates } },
  });
  const model = modelOf(world, 'chat', { unitsHeader: 'X-Units' });
  await generateText({ model, messages, headers: { ...headers, 'x-provider-units': '4' } });
  const { textStream } = streamText({
    model,
    messages,
    headers: { ...headers, 'x-provider-units': '6' },
  });
  for await (const _ of textStream);
  await world.bursar.settled();
  const error: unknown = await generateText({ model, messages, maxRetries: 0 }).catch(
    (reason: unknown) => reason,
  );
  expect(denialOf(error)).toMatchObject({
    reason: 'rate_limited',
    rates: [{ counts: 'units', used: 10, remaining: 0 }],
  });
});

test('cached and reasoning tokens are in classes of their own', async () => {
  await using world = await openWorld('in-process');
  const more = { 'x-provider-cached-tokens': '2', 'x-provider-reasoning-tokens': '4' };
  await generateText({
    model: modelOf(world, 'responses'),
    messages,
    headers: { ...headers, ...more },
  });
  expect(await world.booked()).toMatchObject([
    { usage: { inputTokens: 3, cachedInputTokens: 2, outputTokens: 8, reasoningTokens: 4 } },
  ]);
});

test('a call that the provider refuses costs nothing, and each retry is a call of its own', async () => {
  await using world = await openWorld('in-process');
  const model = modelOf(world, 'chat');
  await expect(
    generateText({ model, messages, maxRetries: 0, headers: { 'x-provider-status': '500' } }),
  ).rejects.toMatchObject({ statusCode: 500 });
  expect(await world.booked()).toEqual([{ kind: 'release' }]);
});

test('of a stream that the caller leaves, what came is settled', async () => {
  await using world = await openWorld('in-process');
  const leaving = new AbortController();
  const { textStream } = streamText({
    model: modelOf(world, 'chat'),
    messages,
    headers: {
      ...headers,
      'x-provider-tokens-per-chunk': '4',
      'x-provider-chunk-delay-ms': '60000',
    },
    abortSignal: leaving.signal,
  });
  for await (const _ of textStream) leaving.abort();
  expect(await world.booked()).toMatchObject([{ basis: 'counted', usage: { outputTokens: 4 } }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('a stream that outgrows the budget is ended with the denial', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0.001' });
  const errors: unknown[] = [];
  const { textStream } = streamText({
    model: modelOf(world, 'chat', { onExhausted: 'stop' }),
    messages,
    maxOutputTokens: 500,
    headers: { 'x-provider-overrun': '50000' },
    onError: ({ error }) => void errors.push(error),
  });
  let words = 0;
  for await (const _ of textStream) words += 1;
  expect(words).toBeLessThan(2_000);
  expect(denialOf(errors[0])).toMatchObject({ reason: 'limit_too_small' });
  expect((await world.booked()).at(-1)).toMatchObject({ basis: 'counted' });
});

test('files are bounded by what they may have, not by their bytes', async () => {
  await using world = await openWorld('in-process');
  const held: number[] = [];
  const model = modelOf(world, 'chat', {
    onDecision: (_call, decision) => {
      if (decision.decision === 'allowed') held.push(Number(decision.heldUsd));
    },
  });
  const image = (bytes: number) => ({
    type: 'file' as const,
    mediaType: 'image/png',
    data: new Uint8Array(bytes),
  });
  for (const bytes of [10, 100_000]) {
    await generateText({ model, messages: [{ role: 'user', content: [image(bytes)] }] });
  }
  expect(held[0]).toBeGreaterThan(0);
  expect(held[1]).toBe(held[0]);
});
