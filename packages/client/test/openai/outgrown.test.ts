/** F18: output that runs past what was set aside for it. */
import type { ReserveOutput } from '@bursar/api';
import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { denialOf, isDenied } from '../../src/denial.ts';
import { MODEL, openWorld, prompt, REACHES } from '../support/world.ts';

/** Set aside for 500 tokens, at 600 nano-USD each. */
const chat = {
  model: MODEL,
  messages: [prompt(5)],
  max_completion_tokens: 500,
  stream: true as const,
};
/** A provider that ignores the cap. */
const OVERRUN = { headers: { 'x-provider-overrun': '50000' } };

async function textTokens(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<number> {
  let tokens = 0;
  for await (const { choices } of stream) if (choices[0]?.delta.content) tokens += 1;
  return tokens;
}

describe.each(REACHES)('%s', (reach) => {
  test('F18: with room in the budget the stream is extended and ends by itself', async () => {
    await using world = await openWorld(reach);
    const stream = await world
      .openai({ onExhausted: 'stop' })
      .chat.completions.create(chat, OVERRUN);
    expect(await textTokens(stream)).toBe(50_000);
    await world.bursar.settled();
    const [entry] = (await world.bursar.usage.history({ user: 'alice' })).entries;
    expect(entry).toMatchObject({ amountUsd: '0.03000075', detail: { basis: 'reported' } });
  });

  test("F18: without room and onExhausted: 'stop' it ends at the limit, with the denial as its error", async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.0008' });
    const stream = await world
      .openai({ onExhausted: 'stop' })
      .chat.completions.create(chat, OVERRUN);
    const seen: string[] = [];
    const error = await (async () => {
      for await (const { choices } of stream) seen.push(choices[0]?.delta.content ?? '');
    })().catch((error: unknown) => error);
    expect(isDenied(error)).toBe(true);
    expect(denialOf(error)?.budgets[0]?.budget.scope.name).toBe('alice');
    await world.provider.ended(1);
    expect(world.provider.calls[0]?.ending).toBe('aborted');
    const [booked] = await world.booked();
    // 0.0008 USD hold the body's bytes as input, and some 1,300 tokens.
    expect(booked).toMatchObject({ basis: 'counted' });
    expect(booked?.usage?.outputTokens).toBeGreaterThan(1_200);
    expect(seen.length).toBeGreaterThan(1_200);
    // Beyond it comes at most what the connection had brought already: less than a step of 500 tokens.
    const { availableUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(Number(availableUsd)).toBeGreaterThan(-0.0003);
  });

  test('a stream of responses that must stop ends with the denial as its error too', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.0008' });
    const stream = await world
      .openai({ onExhausted: 'stop' })
      .responses.create(
        { model: MODEL, input: prompt(5).content, max_output_tokens: 500, stream: true },
        OVERRUN,
      );
    const error = await (async () => {
      for await (const event of stream) void event;
    })().catch((error: unknown) => error);
    expect(isDenied(error)).toBe(true);
    expect(await world.booked()).toMatchObject([{ basis: 'counted' }]);
  });

  test("F18: without room and onExhausted: 'finish' the true cost is booked, and the next call refused", async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.0008' });
    const openai = world.openai();
    expect(await textTokens(await openai.chat.completions.create(chat, OVERRUN))).toBe(50_000);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { outputTokens: 50_000 } },
    ]);
    expect(await world.bursar.usage.current({ user: 'alice' })).toMatchObject({
      settledUsd: '0.03000075',
      availableUsd: '-0.02920075',
    });
    const error = await openai.chat.completions.create(chat).catch((error: unknown) => error);
    expect(isDenied(error)).toBe(true);
  });
});

test('F10: outputTokensFallback sets a little aside for a request without a cap, and more as it grows', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0.002' });
  const { max_completion_tokens: _cap, ...uncapped } = chat;
  const decisions: ReserveOutput[] = [];
  const onDecision = (_call: unknown, decision: ReserveOutput): unknown => decisions.push(decision);
  // The model's own maximum costs 0.0098 USD.
  const worst = await world
    .openai()
    .chat.completions.create(uncapped)
    .catch((error: unknown) => error);
  expect(isDenied(worst)).toBe(true);
  const stream = await world
    .openai({ outputTokensFallback: 400, onDecision })
    .chat.completions.create(uncapped, { headers: { 'x-provider-output-tokens': '2000' } });
  expect(await textTokens(stream)).toBe(2_000);
  expect(decisions).toMatchObject([{ decision: 'allowed' }]);
  expect(await world.booked()).toMatchObject([{ usage: { outputTokens: 2_000 } }]);
});

test('without a cap several choices set aside as much as all of them can use', async () => {
  await using world = await openWorld('in-process');
  const held = async (n: number): Promise<number> => {
    const decisions: ReserveOutput[] = [];
    await world
      .openai({ onDecision: (_call, decision) => decisions.push(decision) })
      .chat.completions.create({ model: MODEL, messages: [prompt(1)], n });
    const [decision] = decisions;
    return decision?.decision === 'allowed' ? Number(decision.heldUsd) : Number.NaN;
  };
  expect((await held(3)) / (await held(1))).toBeCloseTo(3, 1);
});
