/** Calls through a wrapped Anthropic client: they work as before, and are charged to the nano-USD. */
import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { denialOf, isDenied } from '../../src/index.ts';
import { openWorld, prompt, REACHES } from '../support/world.ts';

const MODEL = 'claude-sonnet-4-6';
const message = { model: MODEL, max_tokens: 50, messages: [prompt(7)] };
const SCRIPT = { headers: { 'x-provider-output-tokens': '20' } };

async function errorOf(call: PromiseLike<unknown>): Promise<unknown> {
  return await Promise.resolve(call).then(
    () => expect.unreachable('the call was to fail'),
    (error: unknown) => error,
  );
}

describe.each(REACHES)('over %s', (reach) => {
  test('a message is answered, and settled as reported', async () => {
    await using world = await openWorld(reach);
    const answer = await world.anthropic().messages.create(message, SCRIPT);
    expect(answer.content[0]).toMatchObject({ type: 'text' });
    expect(answer.usage).toMatchObject({ input_tokens: 7, output_tokens: 20 });
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 7, outputTokens: 20 }, model: MODEL },
    ]);
    expect(await world.reservedUsd()).toBe('0.00');
    // 3 and 15 USD a million: 21 + 300 microdollars.
    expect((await world.bursar.usage.current({ user: 'alice' })).settledUsd).toBe('0.000321');
  });

  test('a denied message is an error of Anthropic’s package, and nothing is sent', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0' });
    const error = await errorOf(world.anthropic({}, { maxRetries: 5 }).messages.create(message));
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(error).toMatchObject({ status: 402, type: 'bursar_denied' });
    expect(denialOf(error)).toMatchObject({
      reason: 'limit_too_small',
      missingUsd: expect.any(String),
    });
    // Its shape is not that of the openai package's errors.
    expect(isDenied(error)).toBe(false);
    expect(world.provider.calls).toHaveLength(0);
  });
});

test('a model without a price is refused in Bursar’s words', async () => {
  await using world = await openWorld('in-process');
  const error = await errorOf(world.anthropic().messages.create({ ...message, model: 'claude-x' }));
  expect(error).toBeInstanceOf(Anthropic.APIError);
  expect(error).toMatchObject({ status: 412, type: 'bursar_error' });
  expect(world.provider.calls).toHaveLength(0);
});

test('F42: what was read from the cache and written to it is charged as such', async () => {
  await using world = await openWorld('in-process');
  const cached = { 'x-provider-cached-tokens': '2', 'x-provider-written-tokens': '3' };
  const headers = { ...SCRIPT.headers, ...cached };
  await world.anthropic().messages.create(message, { headers });
  const system = [
    { type: 'text', text: 'be brief', cache_control: { type: 'ephemeral', ttl: '1h' } } as const,
  ];
  await world.anthropic().messages.create({ ...message, system }, { headers });
  const usage = { cachedInputTokens: 2, outputTokens: 20 };
  expect(await world.booked()).toMatchObject([
    { usage: { ...usage, inputTokens: 2, cacheWriteTokens: 3 } },
    { usage: { ...usage, inputTokens: 4, cacheWriteLongTokens: 3 } },
  ]);
});

test('a long cache write is set aside at its own price', async () => {
  await using world = await openWorld('in-process');
  const held: string[] = [];
  const anthropic = world.anthropic({
    onDecision: (_call, decision) => {
      if (decision.decision === 'allowed') held.push(decision.heldUsd);
    },
  });
  for (const ttl of ['5m', '1h'] as const) {
    const cache_control = { type: 'ephemeral', ttl } as const;
    await anthropic.messages.create({
      ...message,
      system: [{ type: 'text', text: 'x'.repeat(1_000), cache_control }],
    });
  }
  expect(Number(held[1])).toBeGreaterThan(Number(held[0]) * 1.3);
});

test('thinking is output', async () => {
  await using world = await openWorld('in-process');
  const headers = { ...SCRIPT.headers, 'x-provider-reasoning-tokens': '8' };
  await world.anthropic().messages.create(message, { headers });
  expect(await world.booked()).toMatchObject([{ usage: { outputTokens: 12, reasoningTokens: 8 } }]);
});

test('counting tokens is free', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  const { input_tokens: counted } = await world
    .anthropic()
    .messages.countTokens({ model: MODEL, messages: [prompt(9)] });
  expect(counted).toBe(9);
});

test('batches are refused, with the reason', async () => {
  await using world = await openWorld('in-process');
  const error = await errorOf(
    world.anthropic({}, { maxRetries: 5 }).messages.batches.create({
      requests: [{ custom_id: 'a', params: message }],
    }),
  );
  expect(error).toMatchObject({ status: 412, message: expect.stringContaining('arises later') });
  expect(world.provider.calls).toHaveLength(0);
});

test('tools are called, and their results answered, each turn a call of its own', async () => {
  await using world = await openWorld('in-process');
  const tools = [
    {
      name: 'weather',
      input_schema: {
        type: 'object' as const,
        properties: { city: { type: 'string', const: 'Seoul' } },
        required: ['city'],
      },
    },
  ];
  const first = await world.anthropic().messages.create({ ...message, tools });
  const call = first.content[0];
  expect(call).toMatchObject({ type: 'tool_use', name: 'weather', input: { city: 'Seoul' } });
  if (call?.type !== 'tool_use') expect.unreachable('a tool was to be called');
  const second = await world.anthropic().messages.create({
    ...message,
    tools,
    messages: [
      ...message.messages,
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] },
    ],
  });
  expect(second.stop_reason).toBe('end_turn');
  expect(await world.booked()).toHaveLength(2);
});

test('a message without a usage report is counted by its text', async () => {
  await using world = await openWorld('in-process');
  await world.anthropic().messages.create(message, {
    headers: { ...SCRIPT.headers, 'x-provider-no-usage': '1' },
  });
  const [booked] = await world.booked();
  expect(booked).toMatchObject({ basis: 'counted' });
  expect(booked?.usage?.outputTokens).toBeGreaterThan(10);
});

test('an answer that is an error costs nothing', async () => {
  await using world = await openWorld('in-process');
  const error = await errorOf(
    world.anthropic().messages.create(message, { headers: { 'x-provider-status': '529' } }),
  );
  expect(error).toBeInstanceOf(Anthropic.InternalServerError);
  expect(error).toMatchObject({ status: 529, type: 'overloaded_error' });
  expect(await world.booked()).toEqual([{ kind: 'release' }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('an own credential endpoint passes through the same fetch for nothing', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  await world.anthropic().models.list();
  expect(world.provider.calls).toHaveLength(1);
});

test('the wrapped client is of the same class and keeps its options', async () => {
  await using world = await openWorld('in-process');
  const wrapped = world.anthropic({}, { timeout: 1_234, maxRetries: 7 });
  expect(wrapped).toBeInstanceOf(Anthropic);
  expect(wrapped).toMatchObject({ timeout: 1_234, maxRetries: 7, apiKey: 'sk-ant-test' });
});

test('with clamp, a message that does not fit is sent with a cap that does', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0.002' });
  const answer = await world
    .anthropic({ clamp: true })
    .messages.create(
      { ...message, max_tokens: 10_000 },
      { headers: { 'x-provider-output-tokens': '9000' } },
    );
  expect(answer.stop_reason).toBe('max_tokens');
  expect(answer.usage.output_tokens).toBeLessThan(140);
});
